import type { MigrationInput } from "../../core/migration/schema.ts";
import type { DeployedStack } from "./deployed-stack.ts";
import { FlaggedApplication } from "./flagged-application.ts";
import { SeededRandom } from "./seeded-random.ts";
import { Workload } from "./workload.ts";

const OLD = "lead_source";
const NEW = "acquisition_channel";
const WRITERS = 2;
/** Several tables have their traffic at once, on two cores. */
const REST_MS = 60;
/** Of no writer: what holds its row keeps a worker waiting. */
const HELD_ID = "80000000";

/** Renames a column of `table`; the migration has the table's name, with hyphens. Everything waits for a second. */
export function renameMigration(table: string, more: Partial<MigrationInput> = {}): MigrationInput {
  return {
    migration: migrationOf(table),
    description: `Rename ${OLD} of ${table}`,
    database: "crm",
    operations: [{ rename_column: { table: `public.${table}`, from: OLD, to: NEW } }],
    backfill: { shard_blocks: 16, batch: { initial_blocks: 1 }, slice: "2s" },
    cutover: {
      steps: [
        { path: "read", percent: 50, soak: "1s" },
        { path: "read", percent: 100, soak: "1s" },
        { path: "write", percent: 100, soak: "1s" },
      ],
    },
    soak: "1s",
    contract: { cooling: "1s" },
    ...more,
  };
}

export function migrationOf(table: string): string {
  return table.replaceAll("_", "-");
}

/** One shard that the backfill has finished. */
type DoneShard = Readonly<Record<"from_block" | "token" | "batches" | "done_at", unknown>>;

/** A table with history, and the traffic on it, whose column a migration renames on the deployed stack. */
export class RenamedTable {
  readonly migration: string;
  readonly load: Workload;
  readonly application: FlaggedApplication;

  private constructor(
    readonly name: string,
    private readonly stack: DeployedStack,
    private readonly seed: number,
  ) {
    this.migration = migrationOf(name);
    const table = { table: name, old: OLD, new: NEW };
    this.load = new Workload(stack.connect, { ...table, values: ["web", "Fair ", "", "партнёр"] });
    const flag = stack.flagClient(this.migration);
    this.application = new FlaggedApplication({ connect: stack.connect, flag, table, seed });
  }

  static async create(stack: DeployedStack, name: string, rows: number): Promise<RenamedTable> {
    const { client } = stack;
    await client.query(`CREATE TABLE ${name} (id bigint PRIMARY KEY, ${OLD} text, note text)`);
    const { rows: inserted } = await client.query<{ id: string; value: string | null }>(
      `INSERT INTO ${name}
       SELECT i, CASE WHEN i % 4 > 0 THEN 'source ' || i % 9 END, repeat('x', 50) FROM generate_series(1, $1) AS i
       RETURNING id::text, ${OLD} AS value`,
      [rows],
    );
    await client.query(`INSERT INTO ${name} (id, ${OLD}) VALUES ($1, 'held')`, [HELD_ID]);
    const table = new RenamedTable(name, stack, SeededRandom.fresh().seed);
    for (const { id, value } of inserted) table.load.expected.set(id, value);
    return table;
  }

  async startTraffic(): Promise<void> {
    this.load.start(WRITERS, this.seed, REST_MS);
    await this.application.start();
  }

  /** @returns everything that went wrong. */
  async stopTraffic(): Promise<readonly unknown[]> {
    await Promise.all([this.load.stop(), this.application.stop()]);
    return this.errors;
  }

  get errors(): readonly unknown[] {
    return [...this.load.errors, ...this.application.errors];
  }

  /** Rows whose value is not the one that was acknowledged last, or that should not be there, or are missing. */
  async lostWrites(): Promise<readonly string[]> {
    const column = (await this.columns()).includes(OLD) ? OLD : NEW;
    const { rows } = await this.stack.client.query<{ id: string; value: string | null }>(
      `SELECT id::text, ${column} AS value FROM ${this.name}`,
    );
    const expected = new Map<string, string | null>([
      ...this.load.expected,
      ...this.application.expected,
      [HELD_ID, "held"],
    ]);
    const found = new Map(rows.map(({ id, value }) => [id, value]));
    return [...new Set([...expected.keys(), ...found.keys()])].filter((id) => expected.get(id) !== found.get(id));
  }

  async columns(): Promise<readonly string[]> {
    const { rows } = await this.stack.client.query<{ name: string }>(
      `SELECT column_name AS name FROM information_schema.columns WHERE table_name = $1 ORDER BY 1`,
      [this.name],
    );
    return rows.map(({ name }) => name);
  }

  /** Holds a row that the backfill has to write, so that it does not come to its end. @returns what lets it go. */
  async holdRow(): Promise<() => Promise<void>> {
    const client = await this.stack.connect();
    await client.query("BEGIN");
    await client.query(`SELECT FROM ${this.name} WHERE id = $1 FOR UPDATE`, [HELD_ID]);
    return async () => {
      await client.query("ROLLBACK");
    };
  }

  /** The shards that the backfill of the migration has finished by now. */
  async doneShards(): Promise<readonly DoneShard[]> {
    const { rows } = await this.stack.client.query<DoneShard>(
      `SELECT from_block, token, batches, done_at FROM sluice.shard
       WHERE job = 'backfill' AND done_at IS NOT NULL
         AND plan_hash IN (SELECT plan_hash FROM sluice.run WHERE migration = $1)
       ORDER BY from_block`,
      [this.migration],
    );
    return rows;
  }

  /** What the ledger holds of a run, of one kind of event, oldest first. */
  async events(
    runId: string,
    kind: string,
  ): Promise<readonly { readonly subject: string; readonly detail: unknown }[]> {
    const { rows } = await this.stack.client.query<{ subject: string; detail: unknown }>(
      `SELECT subject, detail FROM sluice.event WHERE run_id = $1 AND kind = $2 ORDER BY id`,
      [runId, kind],
    );
    return rows;
  }

  async outcome(runId: string): Promise<string | null | undefined> {
    const { rows } = await this.stack.client.query<{ outcome: string | null }>(
      `SELECT outcome FROM sluice.run WHERE run_id = $1`,
      [runId],
    );
    return rows[0]?.outcome;
  }

  /** Which columns the traffic may use, as the run comes along from here to its end. */
  async followRun(executionArn: string): Promise<void> {
    this.load.access.newSide = (await this.columns()).includes(NEW);
    await this.stack.reaches(executionArn, "cutover");
    this.load.access.newSide = true;
    this.load.access.synced = true;
    await this.stack.reaches(executionArn, "soak");
    this.load.access.oldSide = false;
  }
}

/** A predicate that a gate may ask of the database, and that a test makes true when it likes. */
export class Barrier {
  constructor(private readonly name: string) {}

  /** For `gates.*.sql` of a migration. */
  get predicate(): { name: string; holds: string } {
    return {
      name: `${this.name} is open`,
      holds: `EXISTS (SELECT FROM public.open_barrier WHERE name = '${this.name}')`,
    };
  }

  static async prepare({ client }: DeployedStack): Promise<void> {
    await client.query("CREATE TABLE public.open_barrier (name text PRIMARY KEY)");
  }

  async open({ client }: DeployedStack): Promise<void> {
    await client.query("INSERT INTO public.open_barrier VALUES ($1)", [this.name]);
  }
}
