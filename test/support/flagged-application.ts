import type { Client } from "pg";
import type { FlagClient } from "../../client/flag-client.ts";
import { SeededRandom } from "./seeded-random.ts";

export interface FlaggedTable {
  /** Quoted SQL. */
  readonly table: string;
  readonly old: string;
  readonly new: string;
}

export interface FlaggedApplicationProps {
  readonly connect: () => Promise<Client>;
  readonly flag: FlagClient;
  readonly table: FlaggedTable;
  readonly seed: number;
}

const FIRST_ID = 90_000_000;
const ROWS = 20;
const REST_MS = 40;
const ROLLBACK_POLL_MS = 20;

/**
 * An application that lets the flag choose its columns. Each request writes one of its own rows through the write path
 * and reads it again through the read path, which may be the other column: what it read must be what it wrote.
 */
export class FlaggedApplication {
  /** Requests that failed, and reads that contradicted the write before. */
  readonly errors: unknown[] = [];
  /** id to the value written last. */
  readonly expected = new Map<string, string>();
  readonly requests = { old: 0, new: 0 };
  #running = false;
  #work: Promise<void> = Promise.resolve();

  constructor(private readonly props: FlaggedApplicationProps) {}

  async start(): Promise<void> {
    const client = await this.props.connect();
    const { table, old } = this.props.table;
    for (let id = FIRST_ID; id < FIRST_ID + ROWS; id += 1) {
      await client.query(`INSERT INTO ${table} (id, ${old}) VALUES ($1, 'first')`, [id]);
      this.expected.set(String(id), "first");
    }
    await this.props.flag.start();
    this.#running = true;
    this.#work = this.#serve(client);
  }

  async stop(): Promise<void> {
    this.#running = false;
    await this.#work;
    this.props.flag.stop();
  }

  /** Waits until no request of anybody goes to the new path any more. */
  async untilOnOldPath(): Promise<void> {
    const { flag } = this.props;
    const widened = () => [flag.state.read, flag.state.write].some(({ percent }) => percent > 0);
    while (widened()) await rest(ROLLBACK_POLL_MS);
  }

  async #serve(client: Client): Promise<void> {
    const random = new SeededRandom(this.props.seed);
    try {
      while (this.#running) {
        await this.#request(client, random);
        await rest(random.below(REST_MS));
      }
    } catch (error) {
      this.errors.push(error);
    } finally {
      await client.end();
    }
  }

  async #request(client: Client, random: SeededRandom): Promise<void> {
    const { table } = this.props.table;
    const id = String(FIRST_ID + random.below(ROWS));
    const subject = `user-${String(random.below(1_000))}`;
    const written = `value ${String(random.next())}`;
    await client.query(`UPDATE ${table} SET ${this.#column("write", subject)} = $2 WHERE id = $1`, [id, written]);
    this.expected.set(id, written);
    const { rows } = await client.query<{ value: string | null }>(
      `SELECT ${this.#column("read", subject)} AS value FROM ${table} WHERE id = $1`,
      [id],
    );
    const read = rows[0]?.value;
    if (read !== written) this.errors.push(new Error(`row ${id}: wrote "${written}", read "${String(read)}"`));
  }

  #column(path: "read" | "write", subject: string): string {
    const side = this.props.flag.route({ path, subject });
    this.requests[side] += 1;
    return this.props.table[side];
  }
}

function rest(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
