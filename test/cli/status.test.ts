import { describe, expect, it } from "vitest";
import type { Services } from "../../cli/services/services.ts";
import type { Execution, StepSeen } from "../../cli/services/state-machines.ts";
import { DatabaseUnavailable, ServiceUnavailable } from "../../core/errors.ts";
import type { Phase } from "../../core/plan/phases.ts";
import type { Approval, Database, RunRecord } from "../../core/ports.ts";
import type { GateEvaluation } from "../../core/gates/evaluation.ts";
import type { Progress } from "../../core/run/shards/progress.ts";
import { FakeApprovals } from "../support/fakes/approvals.ts";
import { FakeClock, FakeRunRegistry } from "../support/fakes.ts";
import { ANA, BEN, question, stateMachines } from "./operated-stack.ts";
import { testCli } from "./test-cli.ts";

const START = "2026-01-05T09:00:00.000Z";
const HASH = "a".repeat(64);

function record(runId: string, phase: Phase, more: Partial<RunRecord> = {}): RunRecord {
  return {
    runId,
    migration: "lead-source",
    planHash: HASH,
    executionArn: `arn:aws:states:eu-west-1:1:execution:migration:${runId}`,
    tables: [`crm/crm.${runId}`],
    phase,
    startedAt: START,
    updatedAt: START,
    alarms: [],
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
  readonly asked?: readonly Approval[];
}

async function world({
  runs,
  execution,
  step,
  jobs = [],
  asked = [],
}: World): Promise<{ registry: FakeRunRegistry; services: Partial<Services> }> {
  const registry = new FakeRunRegistry();
  for (const run of runs) await registry.acquireTableLocks(run);
  const approvals = new FakeApprovals();
  for (const { decision, ...approval } of asked) {
    await approvals.request(approval);
    if (decision) await approvals.decide(approval.runId, approval.gate, decision);
  }
  const machines = stateMachines({
    describe: () => Promise.resolve(execution ?? { status: "RUNNING" }),
    lastStep: () => Promise.resolve(step),
  });
  return {
    registry,
    services: {
      registry: () => Promise.resolve(registry),
      approvals: () => Promise.resolve(approvals),
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

  backfill                  █████████░░░░░░░░░░░░░░░  40 %
                            200,000 rows, 61,234 rows/s, about 1m 15s left  3/8 shards
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
    expect(JSON.parse(out)).toEqual({
      run,
      execution: { status: "RUNNING" },
      jobs: [BACKFILL],
      approvals: [],
      unread: [],
    });
  });

  it("ends with 4 for a run that is not there", async () => {
    const { services } = await world({ runs: [] });
    const { code, err } = await testCli({ services })("status", "friday");
    expect(code).toBe(4);
    expect(err).toContain('run "friday"');
  });

  it("ends with 5 where the run registry does not answer", async () => {
    const busy = new ServiceUnavailable({ object: "table", problem: "is busy", remedy: "Retry" });
    expect((await testCli({ services: { registry: () => Promise.reject(busy) } })("status")).code).toBe(5);
  });
});

const GATE: GateEvaluation = {
  gate: "before_cutover",
  status: "wait",
  readings: [
    { kind: "alarm", name: "crm-errors", value: "OK", threshold: "OK for 300 s", status: "pass", reason: "" },
    {
      ...{ kind: "metric", name: "p99 of reads", value: "312.5", threshold: "at most 250", status: "wait" },
      reason: 'metric "p99 of reads" is 312.5, must be at most 250',
    },
  ],
  stableSeconds: 0,
  stableForSeconds: 600,
  waitedSeconds: 95,
  timeoutSeconds: 1_800,
};

const atGate = (gate: GateEvaluation): StepSeen => ({
  state: "GateBeforeCutover",
  message: "p99 of reads is 312.5",
  at: START,
  gate,
});

describe("sluice status of a run that waits", () => {
  it("shows what the gate read, and how long it has waited of how long it may", async () => {
    const run = record("friday", "validate", { startedBy: ANA });
    const { services } = await world({ runs: [run], step: atGate(GATE) });
    const { out } = await testCli({ services, clock: later() })("status", "friday");
    expect(out).toBe(
      `
friday  validate, waits

  migration  lead-source
  table      crm/crm.friday
  started    2026-01-05T09:00:00.000Z, 2m 5s ago
  by         ${ANA}
  plan       ${HASH}

  ✓ preflight  ✓ expand  ✓ backfill  ▶ validate  · cutover  · soak  · cooling  · contract  · done

  gate before cutover  waits
    ✓ alarm crm-errors: OK (asked: OK for 300 s)
    … metric "p99 of reads" is 312.5, must be at most 250
    everything has passed for 0s of 10m
    waiting for 1m 35s of at most 30m

  sluice rollback friday returns all traffic
`.trimStart(),
    );
  });

  it("shows a pending approval, its deadline, and the commands that decide it", async () => {
    const { services } = await world({
      runs: [record("friday", "validate")],
      step: atGate({ ...GATE, status: "ask", readings: [], stableForSeconds: 0, waitedSeconds: 0 }),
      asked: [question("friday", { selfApproval: false })],
    });
    const { out } = await testCli({ services, clock: later() })("status", "friday");
    expect(out).toMatch(/^friday {2}validate, waits for an approval\n/);
    const { planHash } = question("friday");
    expect(out).toContain(`
  gate before cutover waits for an approval
    plan     ${planHash}
    asked    2026-01-05T09:00:00.000Z
    until    2026-01-08T09:00:00.000Z, 2d 23h left
    by       any operator but the run's initiator
    approve  sluice approve friday --plan ${planHash.slice(0, 12)} --gate before_cutover --reason "..."
    reject   sluice reject friday --plan ${planHash.slice(0, 12)} --gate before_cutover --reason "..."
`);
    expect(out).toMatch(/\n {2}gate before cutover {2}waits/);
  });

  it("says who decided, and that a deadline has passed", async () => {
    const decision = { answer: "approved", by: BEN, at: START, reason: "checked with BI" } as const;
    const { services } = await world({
      runs: [record("friday", "cooling")],
      asked: [question("friday", { decision }), question("friday", { gate: "before_contract", deadline: START })],
    });
    const { out } = await testCli({ services, clock: later() })("status", "friday");
    expect(out).toContain(`  ✓ gate before cutover approved by ${BEN}, ${START}:\n    checked with BI\n`);
    expect(out).toContain(`    until    ${START}, which has passed: a decision is refused\n`);
  });

  it("says of a soak how long it lasts already", async () => {
    const { services } = await world({
      runs: [record("friday", "soak")],
      step: { ...atGate({ ...GATE, gate: "soak", status: "pass", readings: [], stableSeconds: 38, waitedSeconds: 0 }) },
    });
    const { out } = await testCli({ services, clock: later() })("status", "friday");
    expect(out).toMatch(/^friday {2}soak, running\n/);
    expect(out).toContain("\n  soak  goes on\n    38s of 10m are over\n");
  });

  it("says who paused it, when and why, and how to resume it", async () => {
    const paused = { by: BEN, at: "2026-01-05T09:01:05.000Z", reason: "the quarter is being closed" };
    const { services } = await world({ runs: [record("friday", "backfill", { paused }), record("other", "backfill")] });
    const sluice = testCli({ services, clock: later() });
    const { out } = await sluice("status", "friday");
    expect(out).toMatch(/^friday {2}backfill, paused\n/);
    expect(out.replaceAll(/\n +/g, " ")).toContain(
      `paused since 2026-01-05T09:01:05.000Z, for 1m, by ${BEN}: the quarter is being closed`,
    );
    expect(out).toContain("  sluice resume friday continues it\n");
    expect((await sluice("status")).out).toBe(
      "other   backfill     crm/crm.other, 2m 5s ago\n" + "friday  backfill     paused, crm/crm.friday, 2m 5s ago\n",
    );
  });

  it("gives a script all of it", async () => {
    const paused = { by: BEN, at: START, reason: "closing" };
    const { services } = await world({
      runs: [record("friday", "validate", { paused, startedBy: ANA })],
      step: atGate(GATE),
      asked: [question("friday")],
    });
    const { out } = await testCli({ services })("status", "friday", "--json");
    expect(JSON.parse(out)).toMatchObject({
      run: { paused, startedBy: ANA },
      step: { gate: GATE },
      approvals: [question("friday")],
    });
  });

  it("shows what it can while the approvals cannot be read", async () => {
    const { services } = await world({ runs: [record("friday", "validate")], step: atGate(GATE) });
    const busy = new ServiceUnavailable({ object: "approvals", problem: "are busy", remedy: "Retry" });
    const { code, out } = await testCli({ services: { ...services, approvals: () => Promise.reject(busy) } })(
      ...["status", "friday"],
    );
    expect(code).toBe(0);
    expect(out).toContain("gate before cutover  waits");
    expect(out).toContain("not known: approvals: are busy. Retry");
  });
});

describe("sluice status after a rollback", () => {
  it("says that a start resumes, and that an undo removes", async () => {
    const { services } = await world({ runs: [record("friday", "rolled-back", { reason: "alarm fired" })] });
    const { out } = await testCli({ services })("status", "friday");
    expect(out).toContain("  sluice start lead-source resumes where it stopped\n");
    expect(out).toContain("  sluice undo friday removes what it added instead\n");
  });

  it("points at the run that went on, and offers nothing of the old one", async () => {
    const next = record("saturday", "backfill", { startedAt: "2026-01-05T10:00:00.000Z" });
    const other = record("sunday", "backfill", { startedAt: "2026-01-05T11:00:00.000Z", migration: "other" });
    const { services } = await world({ runs: [record("friday", "rolled-back"), next, other] });
    const { out } = await testCli({ services })("status", "friday");
    expect(out).toContain('run "saturday" of this migration came after it: sluice status saturday');
    expect(out).not.toContain("sluice undo");
  });

  it("says nothing more of the step that it was in", async () => {
    const step = { state: "Soak", message: "14 s of soak left, alarms OK", at: START };
    const { services } = await world({ runs: [record("friday", "rolled-back", { reason: "p99 doubled" })], step });
    const { out } = await testCli({ services })("status", "friday");
    expect(out).not.toContain("Soak");
    expect(out).toMatch(/\n\n {2}p99 doubled\n\n {2}sluice start/);
  });

  it("points at the run that came after one that was undone", async () => {
    const next = record("saturday", "backfill", { startedAt: "2026-01-05T10:00:00.000Z" });
    const { services } = await world({ runs: [record("friday", "undone"), next] });
    const { out } = await testCli({ services })("status", "friday");
    expect(out).toContain('run "saturday" of this migration came after it: sluice status saturday');
    expect(out).not.toContain("starts from the beginning");
  });

  it("knows a run whose schema was removed", async () => {
    const { services } = await world({ runs: [record("friday", "undone")] });
    const { out } = await testCli({ services })("status", "friday");
    expect(out).toContain("  sluice start lead-source starts from the beginning\n");
    expect(out).toMatch(/^friday {2}rolled back and undone\n/);
    expect(out).toContain("what the run added is gone");
    expect(out).not.toContain("sluice undo");
    expect(out).not.toContain("sluice rollback");
  });
});

/** A clock that moves the run on at each sleep. */
class Movement extends FakeClock {
  constructor(
    readonly registry: FakeRunRegistry,
    readonly phases: Phase[],
  ) {
    super(START);
  }

  override async sleep(milliseconds: number): Promise<void> {
    await super.sleep(milliseconds);
    const to = this.phases.shift();
    if (to === undefined) throw new Error("watched on after the end");
    const from = [(await this.registry.run("friday"))?.phase ?? "done"];
    await this.registry.transition({ runId: "friday", from, to, at: this.now().toISOString() });
  }
}

describe("sluice status --watch", () => {
  it("writes a line for each change until the run is done, and ends with 0", async () => {
    const { registry, services } = await world({ runs: [record("friday", "backfill")], jobs: [BACKFILL] });
    const clock = new Movement(registry, ["backfill", "validate", "done"]);
    const { code, out } = await testCli({ services, clock })("status", "--watch");
    expect(code).toBe(0);
    expect(out.trimEnd().split("\n")).toEqual([
      "friday · backfill · backfill 40 %, 200,000 rows, 61,234 rows/s, about 1m 15s left",
      "friday · validate · backfill 40 %, 200,000 rows, 61,234 rows/s, about 1m 15s left",
      "friday · done",
    ]);
  });

  it("ends with 1 where the run is rolled back", async () => {
    const { registry, services } = await world({ runs: [record("friday", "soak")] });
    const { code, out } = await testCli({ services, clock: new Movement(registry, ["rolled-back"]) })(
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
    const { registry, services } = await world({ runs: [record("friday", "soak")] });
    const { out } = await testCli({ services, clock: new Movement(registry, ["done"]), interactive: true })(
      ...["status", "friday", "--watch"],
    );
    expect(out.match(/\u001b\[\d+A\r\u001b\[J/g)).toHaveLength(1);
  });
});
