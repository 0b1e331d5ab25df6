import type { Phase } from "../../../core/plan/phases.ts";
import type { MigrationInput } from "../../../core/migration/schema.ts";
import type { Ports, Run } from "../../../core/run/run.ts";
import {
  FakeAlarms,
  FakeApprovals,
  FakeFlags,
  FakeMetrics,
  FakeNotifier,
  type FakeRunRegistry,
} from "../../support/fakes.ts";
import { Flow } from "../../support/flow.ts";
import type { FreshDatabase } from "../../support/postgres.ts";

export const MIGRATION = {
  migration: "contact-channel",
  description: "test",
  database: "test",
  operations: [{ rename_column: { table: "public.contacts", from: "lead_source", to: "acquisition_channel" } }],
  gates: { alarms: ["crm-errors", "crm-latency"], timeout: "5m", poll: "20s" },
  cutover: {
    steps: [
      { path: "read", percent: 10, soak: "5m" },
      { path: "read", percent: 100, soak: "10m" },
      { path: "write", percent: 100, soak: "1m" },
    ],
  },
  soak: "1h",
  contract: { cooling: "7d" },
} satisfies MigrationInput;

/** The phases in their order. */
const WAY = ["expand", "backfill", "validate", "cutover", "soak", "cooling", "contract", "done"] as const;

interface FakePorts {
  readonly flags: FakeFlags;
  readonly alarms: FakeAlarms;
  readonly metrics: FakeMetrics;
  readonly approvals: FakeApprovals;
  readonly notifier: FakeNotifier;
  readonly clock: Ports["clock"];
}

/** A run on a real ledger with the other ports in memory, in whatever phase a test starts from. */
export class Stage {
  static #runs = 0;
  readonly flags = new FakeFlags({ migrations: [MIGRATION.migration] });
  readonly alarms = new FakeAlarms({ "crm-errors": "OK", "crm-latency": "OK" });
  readonly metrics = new FakeMetrics();
  readonly approvals = new FakeApprovals();
  readonly notifier = new FakeNotifier();
  /** As far ahead of the time as was let pass. */
  readonly clock: Ports["clock"] = {
    now: () => new Date(Date.now() + this.#passed * 1_000),
    sleep: (milliseconds) => this.flow.clock.sleep(milliseconds),
  };
  #passed = 0;

  private constructor(
    readonly fresh: FreshDatabase,
    readonly flow: Flow,
  ) {}

  static async begin(fresh: FreshDatabase, changes: Partial<MigrationInput> = {}): Promise<Stage> {
    Stage.#runs += 1;
    return new Stage(
      fresh,
      await Flow.begin(fresh.database, { ...MIGRATION, ...changes }, `run-${String(Stage.#runs)}`),
    );
  }

  get run(): Run {
    return this.flow.run;
  }

  get registry(): FakeRunRegistry {
    return this.flow.registry;
  }

  get ports(): Omit<Flow["ports"], "clock"> & FakePorts {
    const { flags, alarms, metrics, approvals, notifier, clock } = this;
    return { ...this.flow.ports, flags, alarms, metrics, approvals, notifier, clock };
  }

  /** Walks on to a phase, through those between. */
  async reach(phase: Phase): Promise<this> {
    const present = await this.phase();
    const place = (of: Phase | undefined): number => WAY.findIndex((candidate) => candidate === of);
    await this.flow.enter(...WAY.slice(place(present) + 1, place(phase) + 1));
    return this;
  }

  async phase(): Promise<Phase | undefined> {
    return (await this.registry.run(this.run.ref.id))?.phase;
  }

  async rollBack(): Promise<void> {
    const phase = await this.phase();
    if (!phase) throw new Error("the run is registered");
    await this.registry.transition({
      runId: this.run.ref.id,
      from: [phase],
      to: "rolled-back",
      at: "now",
      reason: "asked",
    });
  }

  /** Lets time pass: the clock goes on, and everything that the ledger has of the run happened that much earlier. */
  async pass(seconds: number): Promise<void> {
    this.#passed += seconds;
    const parameters = [this.run.ref.id, seconds];
    await this.fresh.client.query(
      `UPDATE sluice.event SET at = at - make_interval(secs => $2) WHERE run_id = $1`,
      parameters,
    );
    await this.fresh.client.query(
      `UPDATE sluice.phase SET entered_at = entered_at - make_interval(secs => $2) WHERE run_id = $1`,
      parameters,
    );
  }
}

/** The table that {@link MIGRATION} is about. */
export async function createContacts(fresh: FreshDatabase, rows = 0): Promise<void> {
  await fresh.client.query(`CREATE TABLE contacts (id int PRIMARY KEY, lead_source text, note text)`);
  await fresh.client.query(
    `INSERT INTO contacts SELECT i, CASE WHEN i % 4 > 0 THEN 'source ' || i % 9 END FROM generate_series(1, $1) AS i`,
    [rows],
  );
}
