import type { Client } from "pg";
import { SeededRandom } from "./seeded-random.ts";

/** The table under test, as its application knows it. Names are quoted SQL. */
export interface WorkloadTable {
  readonly table: string;
  readonly old: string;
  readonly new: string;
  /** Columns beside id, the synced pair and note, with a value for each insert. */
  readonly extra?: Readonly<Record<string, (random: SeededRandom) => string>>;
  /** A column whose change moves the row to another partition. */
  readonly partitionKey?: { readonly column: string; readonly values: readonly string[] };
  /** Values of the synced column; text of its type. */
  readonly values: readonly string[];
  /** The old column has a default: an insert of NULL by the new name gets it, as long as the mirror is there. */
  readonly defaulted?: boolean;
  /** What the table's own trigger makes of a written value. */
  readonly stored?: (value: string | null, column: string) => string | null;
}

/** Which columns the application may use now. */
export interface Access {
  /** The new column exists and is kept in step. */
  newSide: boolean;
  /** Every row is in step, so clearing through the new column means what it says. */
  synced: boolean;
  /** The old column exists. */
  oldSide: boolean;
}

interface Operation {
  readonly sql: string;
  readonly parameters: readonly unknown[];
  /** What the model becomes when the write is acknowledged. */
  readonly acknowledge: () => void;
}

interface Writer {
  readonly number: number;
  /** How many there are. */
  readonly count: number;
  readonly restMs: number;
}

const NOTHING: Operation = { sql: "SELECT 1", parameters: [], acknowledge: () => undefined };

/**
 * Writers that never stop: each owns its rows, so what it was told is committed is what must be there in the end.
 * Inserts, updates of the old, of the new and of other columns, deletes, key changes, and transactions that roll back.
 */
export class Workload {
  readonly access: Access = { newSide: false, synced: false, oldSide: true };
  readonly errors: unknown[] = [];
  /** id to the value acknowledged last, of every writer. */
  readonly expected = new Map<string, string | null>();
  acknowledged = 0;
  #running = false;
  #writers: Promise<void>[] = [];

  constructor(
    private readonly connect: () => Promise<Client>,
    private readonly table: WorkloadTable,
  ) {}

  /**
   * Starts `count` writers; writer i owns the ids that are i modulo `count`, over those in `expected` and its own. After
   * each operation it rests for up to `restMs`, so that several workloads fit on one machine.
   */
  start(count: number, seed: number, restMs = 3): void {
    this.#running = true;
    this.#writers = Array.from({ length: count }, (_, number) =>
      this.#write({ number, count, restMs }, new SeededRandom(seed + number)),
    );
  }

  async stop(): Promise<void> {
    this.#running = false;
    await Promise.all(this.#writers);
  }

  async #write({ number, count, restMs }: Writer, random: SeededRandom): Promise<void> {
    const own = new Set([...this.expected.keys()].filter((id) => Number(id) % count === number));
    let nextId = 10_000_000 + number;
    const fresh = (): string => String((nextId += count));
    const client = await this.connect();
    try {
      while (this.#running) {
        const operation = this.#operation(own, random, fresh);
        await this.#send(client, operation, random.next() < 0.1);
        await new Promise((resolve) => setTimeout(resolve, random.below(restMs)));
      }
    } catch (error) {
      this.errors.push(error);
    } finally {
      await client.end();
    }
  }

  async #send(client: Client, operation: Operation, rollBack: boolean): Promise<void> {
    if (rollBack) {
      await client.query("BEGIN");
      await client.query(operation.sql, [...operation.parameters]);
      await client.query("ROLLBACK");
      return;
    }
    await client.query(operation.sql, [...operation.parameters]);
    operation.acknowledge();
    this.acknowledged += 1;
  }

  #operation(own: Set<string>, random: SeededRandom, fresh: () => string): Operation {
    const id = own.size === 0 ? undefined : random.pick([...own].slice(0, 50));
    const kind = random.pick([
      "insert",
      "source",
      "source",
      "clear",
      "note",
      "note",
      "delete",
      "rekey",
      "move",
    ] as const);
    if (kind === "insert" || id === undefined) return this.#insert(own, random, fresh());
    switch (kind) {
      case "source":
        return this.#set(id, this.#column(random), random.pick(this.table.values));
      case "clear":
        return this.#set(id, this.access.synced || !this.access.newSide ? this.#column(random) : this.table.old, null);
      case "note":
        return {
          ...NOTHING,
          sql: `UPDATE ${this.table.table} SET note = $2 WHERE id = $1`,
          parameters: [id, String(random.next())],
        };
      case "delete":
        return {
          sql: `DELETE FROM ${this.table.table} WHERE id = $1`,
          parameters: [id],
          acknowledge: () => {
            own.delete(id);
            this.expected.delete(id);
          },
        };
      case "rekey":
        return this.#rekey(own, id, fresh());
      case "move":
        return this.#move(id, random);
      default:
        return kind satisfies never;
    }
  }

  #column(random: SeededRandom): string {
    if (!this.access.oldSide) return this.table.new;
    return this.access.newSide && random.next() < 0.5 ? this.table.new : this.table.old;
  }

  #stored(value: string | null, column: string): string | null {
    return this.table.stored ? this.table.stored(value, column) : value;
  }

  #insert(own: Set<string>, random: SeededRandom, id: string): Operation {
    const column = this.#column(random);
    const mayBeNull = column === this.table.old || this.table.defaulted !== true;
    const value = mayBeNull && random.next() < 0.2 ? null : random.pick(this.table.values);
    const extra = Object.entries(this.table.extra ?? {}).map(([column, make]) => [column, make(random)] as const);
    const columns = ["id", column, ...extra.map(([column]) => column)];
    const parameters = [id, value, ...extra.map(([, text]) => text)];
    return {
      sql: `INSERT INTO ${this.table.table} (${columns.join(", ")}) VALUES (${parameters.map((_, i) => `$${String(i + 1)}`).join(", ")})`,
      parameters,
      acknowledge: () => {
        own.add(id);
        this.expected.set(id, this.#stored(value, column));
      },
    };
  }

  #set(id: string, column: string, value: string | null): Operation {
    return {
      sql: `UPDATE ${this.table.table} SET ${column} = $2 WHERE id = $1`,
      parameters: [id, value],
      acknowledge: () => this.expected.set(id, this.#stored(value, column)),
    };
  }

  #rekey(own: Set<string>, id: string, to: string): Operation {
    return {
      sql: `UPDATE ${this.table.table} SET id = $2 WHERE id = $1`,
      parameters: [id, to],
      acknowledge: () => {
        own.delete(id);
        own.add(to);
        this.expected.set(to, this.expected.get(id) ?? null);
        this.expected.delete(id);
      },
    };
  }

  #move(id: string, random: SeededRandom): Operation {
    const { partitionKey, table } = this.table;
    if (!partitionKey) return NOTHING;
    return {
      ...NOTHING,
      sql: `UPDATE ${table} SET ${partitionKey.column} = $2 WHERE id = $1`,
      parameters: [id, random.pick(partitionKey.values)],
    };
  }
}
