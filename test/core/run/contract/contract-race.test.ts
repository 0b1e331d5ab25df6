import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DynamoRunRegistry } from "../../../../adapters/registry/run-registry.ts";
import { GateFailed, RollbackTooLate, RunSuperseded } from "../../../../core/errors.ts";
import { OLD_PATH, sameFlagState, type FlagState } from "../../../../core/flag.ts";
import { onAlarm } from "../../../../core/run/rollback/on-alarm.ts";
import {
  claimRollback,
  recordRollback,
  returnTraffic,
  rollbackRequestSchema,
  stopRun,
  type RollbackReport,
} from "../../../../core/run/rollback/rollback.ts";
import { emptyControlTable } from "../../../support/registry-table.ts";
import { useEmulator } from "../../../support/emulator.ts";
import { FakeExecutions, FakeFlags, FakeNotifier } from "../../../support/fakes.ts";
import { Flow, claimAndContract, pause, untilDone } from "../../../support/flow.ts";
import { freshDatabase, type FreshDatabase } from "../../../support/postgres.ts";
import { SeededRandom } from "../../../support/seeded-random.ts";
import { MIGRATION } from "../stage.ts";
import { lockHolder } from "../../../support/lock-holder.ts";

const TRIES = 200;
/** Tables that are made ready at the same time. */
const AT_ONCE = 8;
/** Milliseconds: each side of a try sets out anywhere in these. */
const DELAY = 20;
/** Milliseconds by which the head start of contract changes after each try, in favour of whoever lost it. */
const NUDGE = 3;
const TIMEOUT_MS = 300_000;

const { client } = useEmulator();
const random = SeededRandom.fresh();

describe("an alarm and contract at the same moment", () => {
  let fresh: FreshDatabase;
  let registry: DynamoRunRegistry;

  beforeAll(async () => {
    fresh = await freshDatabase();
    registry = new DynamoRunRegistry(await emptyControlTable(client()));
  });

  afterAll(() => fresh.close());

  it(
    `have one winner, with which database, registry and flag agree, ${String(TRIES)} times (seed ${String(random.seed)})`,
    async () => {
      const won = { contract: 0, "rolled-back": 0 };
      let headStart = 0;
      for (let first = 0; first < TRIES; first += AT_ONCE) {
        const races = await Promise.all(
          Array.from({ length: AT_ONCE }, (_, n) => Race.prepare(fresh, registry, first + n)),
        );
        for (const race of races) {
          const winner = await race.run({
            alarmAfter: random.next() * DELAY + Math.max(0, headStart),
            contractAfter: random.next() * DELAY + Math.max(0, -headStart),
          });
          won[winner] += 1;
          headStart += winner === "contract" ? -NUDGE : NUDGE;
        }
      }
      expect(won.contract + won["rolled-back"]).toBe(TRIES);
      // Whoever loses sets out earlier the next time: where one of them never wins, nothing was raced.
      expect(Math.min(won.contract, won["rolled-back"])).toBeGreaterThan(TRIES / 10);
    },
    TIMEOUT_MS,
  );
});

/** A run that has cooled down, on a table and under an alarm of its own. */
class Race {
  readonly executions = new FakeExecutions();
  readonly notifier = new FakeNotifier();

  private constructor(
    readonly fresh: FreshDatabase,
    readonly registry: DynamoRunRegistry,
    readonly flow: Flow,
    readonly flags: FakeFlags,
  ) {}

  static async prepare(fresh: FreshDatabase, registry: DynamoRunRegistry, number: number): Promise<Race> {
    const name = `race-${String(number)}`;
    await fresh.pool.query(`CREATE TABLE "${name}" (id int PRIMARY KEY, lead_source text)`);
    const flow = await Flow.begin(
      fresh.database,
      {
        ...MIGRATION,
        migration: name,
        operations: [{ rename_column: { ...MIGRATION.operations[0]!.rename_column, table: `public.${name}` } }],
        gates: { alarms: [`alarm-of-${name}`] },
      },
      `run-of-${name}`,
    );
    await flow.expand();
    await fresh.pool.query(`INSERT INTO "${name}" VALUES (1, 'web')`);
    const record = await flow.registry.run(flow.run.ref.id);
    if (!record) throw new Error("the run is registered");
    await registry.acquireTableLocks({ ...record, phase: "cooling" });
    const flags = new FakeFlags({ migrations: [name] });
    await flags.deployNow(name, finalState(flow));
    return new Race(fresh, registry, flow, flags);
  }

  async run(after: {
    readonly alarmAfter: number;
    readonly contractAfter: number;
  }): Promise<"contract" | "rolled-back"> {
    const [rolledBack, contracted] = await Promise.all([
      pause(after.alarmAfter).then(() => this.#fireAlarm()),
      pause(after.contractAfter).then(() => this.#contract()),
    ]);
    const { runId, tables, phase } = await this.#record();
    const columns = await this.#columns();
    const flag = await this.flags.current(this.flow.run.plan.migration);
    const seen = { phase, columns, onOldPath: flag && sameFlagState(flag, OLD_PATH), contracted, rolledBack };
    if (phase === "contract") {
      expect(seen).toEqual({
        phase,
        columns: ["id", "acquisition_channel"],
        onOldPath: false,
        contracted: "done",
        rolledBack: "too late",
      });
      expect(flag).toEqual(finalState(this.flow));
      expect((await lockHolder(this.registry, String(tables[0])))?.runId).toBe(runId);
      return phase;
    }
    expect(seen).toEqual({
      phase: "rolled-back",
      columns: ["id", "lead_source", "acquisition_channel"],
      onOldPath: true,
      contracted: expect.stringMatching(/^(RunSuperseded|GateFailed)$/) as string,
      rolledBack: expect.objectContaining({ runId, ledgerWritten: true }) as RollbackReport,
    });
    expect((await this.registry.lockHolders(tables)).size).toBe(0);
    return "rolled-back";
  }

  /** As EventBridge, the handler and then the rollback's state machine do it. */
  async #fireAlarm(): Promise<RollbackReport | "too late"> {
    const [alarm = ""] = this.flow.run.plan.rollbackAlarms.alarms;
    const fired = { alarm, reason: "p99 is 812 ms", at: new Date().toISOString() };
    await onAlarm({ registry: this.registry, executions: this.executions, notifier: this.notifier }, fired);
    const [started] = this.executions.rollbacks;
    if (!started) return "too late";
    try {
      return await this.#rollBack(started.input);
    } catch (error) {
      if (error instanceof RollbackTooLate) return "too late";
      throw error;
    }
  }

  async #rollBack(input: object): Promise<RollbackReport> {
    const { registry, executions, flags, notifier, flow } = this;
    const claim = await claimRollback({ registry, clock: flow.clock }, rollbackRequestSchema.parse(input));
    await stopRun({ executions }, claim);
    await untilDone(() => returnTraffic({ flags }, claim));
    return recordRollback({ registry, notifier, database: this.fresh.database }, claim);
  }

  /** As the migration's state machine does it: until it is done, or the state fails with an error that leads back. */
  async #contract(): Promise<string> {
    const { registry, flags, flow } = this;
    try {
      await untilDone(() =>
        claimAndContract({ registry, flags, clock: flow.clock, database: this.fresh.database }, flow.run),
      );
      return "done";
    } catch (error) {
      if (error instanceof RunSuperseded || error instanceof GateFailed) return error.name;
      throw error;
    }
  }

  async #record() {
    const record = await this.registry.run(this.flow.run.ref.id);
    if (!record) throw new Error("the run is registered");
    return record;
  }

  async #columns(): Promise<readonly string[]> {
    const { rows } = await this.fresh.pool.query<{ name: string }>(
      `SELECT attname AS name FROM pg_attribute
       WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum`,
      [`public."${this.flow.run.plan.table.name}"`],
    );
    return rows.map(({ name }) => name);
  }
}

function finalState({ run }: Flow): FlagState {
  const state = run.plan.cutover.at(-1)?.flag;
  if (!state) throw new Error("the plan cuts over");
  return state;
}
