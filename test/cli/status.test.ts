import { describe, expect, it } from "vitest";
import type { Services } from "../../cli/services/services.ts";
import type { Execution, StateMachines, StepSeen } from "../../cli/services/state-machines.ts";
import { DatabaseUnavailable, ServiceUnavailable } from "../../core/errors.ts";
import type { Phase } from "../../core/plan/phases.ts";
import type { Database, RunRecord } from "../../core/ports.ts";
import type { Progress } from "../../core/run/progress.ts";
import { FakeClock, FakeControl } from "../support/fakes.ts";
import { testCli } from "./test-cli.ts";

const START = "2026-01-05T09:00:00.000Z";
const HASH = "a".repeat(64);

function record(runId: string, phase: Phase, more: Partial<RunRecord> = {}): RunRecord {
  return {
    runId,
    migration: "lead-source",
    planHash: HASH,
    executionArn: `arn:aws:states:eu-west-1:1:execution:migration:${runId}`,
    table: `crm/crm.${runId}`,
    phase,
    startedAt: START,
    updatedAt: START,
    ...more,
  };
}

const BACKFILL: Progress = {
  job: "backfill",
  shards: { done: 3, total: 8 },
  blocks: { done: 5_000, total: 12_500 },
  rowsSynced: 200_000,
  rowsPerSecond: 61_234,
  etaSeconds: 75,
  mismatches: 0,
};
const VALIDATION: Progress = {
  job: "validate-before-cutover",
  shards: { done: 8, total: 8 },
  blocks: { done: 12_500, total: 12_500 },
  rowsSynced: 0,
  rowsPerSecond: 0,
  mismatches: 3,
};

interface World {
  readonly runs: readonly RunRecord[];
  readonly execution?: Execution;
  readonly step?: StepSeen;
  readonly jobs?: readonly Progress[];
}

async function world({
  runs,
  execution,
  step,
  jobs = [],
}: World): Promise<{ control: FakeControl; services: Partial<Services> }> {
  const control = new FakeControl();
  for (const run of runs) await control.register(run);
  const machines: StateMachines = {
    start: () => Promise.resolve(undefined),
    describe: () => Promise.resolve(execution ?? { status: "RUNNING" }),
    currentState: () => Promise.resolve(undefined),
    lastStep: () => Promise.resolve(step),
  };
  return {
    control,
    services: {
      control: () => Promise.resolve(control),
      stateMachines: () => machines,
      database: () => Promise.resolve({} as Database),
      progress: () => Promise.resolve(jobs),
    },
  };
}

/** Two minutes and five seconds after the start. */
const later = (): FakeClock => new FakeClock("2026-01-05T09:02:05.000Z");

describe("sluice status", () => {
  it("lists the newest runs first", async () => {
    const { services } = await world({
      runs: [record("old", "done", { startedAt: "2026-01-04T09:00:00.000Z" }), record("new", "backfill")],
    });
    const { code, out } = await testCli({ services, clock: later() })("status");
    expect(code).toBe(0);
    expect(out).toBe("new  backfill     crm/crm.new, 2m 5s ago\n" + "old  done         crm/crm.old, 2m 5s ago\n");
  });

  it("says how to start one where there is none", async () => {
    const { services } = await world({ runs: [] });
    expect((await testCli({ services })("status")).out).toContain("sluice start MIGRATION");
    expect(JSON.parse((await testCli({ services })("status", "--json")).out)).toEqual([]);
  });

  it("shows where one run stands, how far its work is, and what it said last", async () => {
    const { services } = await world({
      runs: [record("friday", "cutover")],
      jobs: [BACKFILL, VALIDATION],
      step: { state: "Gate", message: "crm-errors is in ALARM; asked again in 30s", at: START },
    });
    const { code, out } = await testCli({ services, clock: later() })("status", "friday");
    expect(code).toBe(0);
    expect(out).toBe(
      `
friday  cutover, running

  migration  lead-source
  table      crm/crm.friday
  started    2026-01-05T09:00:00.000Z, 2m 5s ago
  plan       ${HASH}

  ✓ preflight  ✓ expand  ✓ backfill  ✓ validate  ▶ cutover  · soak  · cooling  · contract  · done

  backfill                  █████████░░░░░░░░░░░░░░░  40 %  200,000 rows, 61,234 rows/s, about 1m 15s left  3/8 shards
  validate before cutover   ████████████████████████ 100 %  divergence 3 rows  8/8 shards

  Gate: crm-errors is in ALARM; asked again in 30s

  sluice rollback friday returns all traffic
`.trimStart(),
    );
  });

  it("says why a run was rolled back, once", async () => {
    const { services } = await world({
      runs: [record("friday", "rolled-back", { reason: "GateFailed: crm-errors" })],
      execution: { status: "ABORTED", failure: { name: "GateFailed", message: "crm-errors" } },
    });
    const { out } = await testCli({ services })("status", "friday");
    expect(out).toContain("friday  rolled back\n");
    expect(out.match(/GateFailed: crm-errors/g)).toHaveLength(1);
    expect(out).not.toContain("sluice rollback");
  });

  it("shows a run whose execution ended inside a phase as stopped there", async () => {
    const { services } = await world({
      runs: [record("friday", "contract")],
      execution: { status: "FAILED", failure: { name: "LockNotAcquired", message: "no lock" } },
    });
    const { out } = await testCli({ services })("status", "friday");
    expect(out).toContain("stopped in contract: failed");
    expect(out).toContain("LockNotAcquired: no lock");
  });

  it("shows what it can while the database does not answer, and says what it does not know", async () => {
    const { services } = await world({ runs: [record("friday", "backfill")] });
    const down = new DatabaseUnavailable({ object: 'database "crm"', problem: "is resuming", remedy: "Wait" });
    const { code, out } = await testCli({
      services: { ...services, progress: () => Promise.reject(down) },
    })("status", "friday");
    expect(code).toBe(0);
    expect(out).toContain("▶ backfill");
    expect(out).toContain('not known: database "crm": is resuming. Wait');
  });

  it("gives a script everything as JSON", async () => {
    const run = record("friday", "backfill");
    const { services } = await world({ runs: [run], jobs: [BACKFILL] });
    const { out } = await testCli({ services })("status", "friday", "--json");
    expect(JSON.parse(out)).toEqual({ run, execution: { status: "RUNNING" }, jobs: [BACKFILL], unread: [] });
  });

  it("ends with 4 for a run that is not there", async () => {
    const { services } = await world({ runs: [] });
    const { code, err } = await testCli({ services })("status", "friday");
    expect(code).toBe(4);
    expect(err).toContain('run "friday"');
  });

  it("ends with 5 where the control table does not answer", async () => {
    const busy = new ServiceUnavailable({ object: "table", problem: "is busy", remedy: "Retry" });
    expect((await testCli({ services: { control: () => Promise.reject(busy) } })("status")).code).toBe(5);
  });
});

/** A clock that moves the run on at each sleep. */
class Movement extends FakeClock {
  constructor(
    readonly control: FakeControl,
    readonly phases: Phase[],
  ) {
    super(START);
  }

  override async sleep(milliseconds: number): Promise<void> {
    await super.sleep(milliseconds);
    const to = this.phases.shift();
    if (to === undefined) throw new Error("watched on after the end");
    const from = [(await this.control.run("friday"))?.phase ?? "done"];
    await this.control.transition({ runId: "friday", from, to, at: this.now().toISOString() });
  }
}

describe("sluice status --watch", () => {
  it("writes a line for each change until the run is done, and ends with 0", async () => {
    const { control, services } = await world({ runs: [record("friday", "backfill")], jobs: [BACKFILL] });
    const clock = new Movement(control, ["backfill", "validate", "done"]);
    const { code, out } = await testCli({ services, clock })("status", "--watch");
    expect(code).toBe(0);
    expect(out.trimEnd().split("\n")).toEqual([
      "friday · backfill · backfill 40 %, 200,000 rows, 61,234 rows/s, about 1m 15s left",
      "friday · validate · backfill 40 %, 200,000 rows, 61,234 rows/s, about 1m 15s left",
      "friday · done",
    ]);
  });

  it("ends with 1 where the run is rolled back", async () => {
    const { control, services } = await world({ runs: [record("friday", "soak")] });
    const { code, out } = await testCli({ services, clock: new Movement(control, ["rolled-back"]) })(
      ...["status", "friday", "--watch", "--json"],
    );
    expect(code).toBe(1);
    const lines = out
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { readonly run: RunRecord });
    expect(lines.map(({ run }) => run.phase)).toEqual(["soak", "rolled-back"]);
  });

  it("writes over itself on a terminal", async () => {
    const { control, services } = await world({ runs: [record("friday", "soak")] });
    const { out } = await testCli({ services, clock: new Movement(control, ["done"]), interactive: true })(
      ...["status", "friday", "--watch"],
    );
    expect(out.match(/\u001b\[\d+A\r\u001b\[J/g)).toHaveLength(1);
  });
});
