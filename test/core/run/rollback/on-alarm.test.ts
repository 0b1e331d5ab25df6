import { beforeEach, describe, expect, it, vi } from "vitest";
import { ServiceUnavailable } from "../../../../core/errors.ts";
import { REVERSIBLE, type Phase } from "../../../../core/plan/phases.ts";
import type { RunRecord } from "../../../../core/ports.ts";
import { onAlarm, type FiredAlarm } from "../../../../core/run/rollback/on-alarm.ts";
import { claimRollback } from "../../../../core/run/rollback/rollback.ts";
import { FakeRunRegistry, FakeExecutions, FakeNotifier } from "../../../support/fakes.ts";

const FIRED: FiredAlarm = {
  alarm: "latency",
  reason: "Threshold Crossed: p99 812.0 GreaterThanThreshold 500.0",
  at: "2026-01-31T10:15:02Z",
};

describe("an alarm that fires", () => {
  let registry: FakeRunRegistry;
  let executions: FakeExecutions;
  let notifier: FakeNotifier;

  beforeEach(() => {
    registry = new FakeRunRegistry();
    executions = new FakeExecutions();
    notifier = new FakeNotifier();
  });

  const fire = (fired: Partial<FiredAlarm> = {}) => onAlarm({ registry, executions, notifier }, { ...FIRED, ...fired });
  const rolledBack = () => executions.rollbacks.map(({ input }) => (input as { run: string }).run).sort();

  async function run(runId: string, phase: Phase, more: Partial<RunRecord> = {}): Promise<void> {
    await registry.acquireTableLocks({
      runId,
      migration: `migration-of-${runId}`,
      planHash: "0".repeat(64),
      executionArn: `arn:aws:states:us-east-1:000000000000:execution:migration:${runId}`,
      tables: [`crm/public.${runId}`],
      phase,
      startedAt: "2026-01-31T09:00:00.000Z",
      updatedAt: "2026-01-31T09:00:00.000Z",
      alarms: ["errors", "latency"],
      ...more,
    });
  }

  it.each(REVERSIBLE)("rolls a run back that names it, in phase %s, and says why", async (phase) => {
    await run("friday", phase);
    expect(await fire()).toEqual({ rolledBack: ["friday"], tooLate: [] });
    expect(executions.rollbacks.map(({ input }) => input)).toEqual([
      { run: "friday", reason: `alarm "latency" fired: ${FIRED.reason}` },
    ]);
    expect(notifier.messages).toEqual([]);
  });

  it("rolls back every run that names it, and no other", async () => {
    await run("friday", "backfill");
    await run("monday", "cooling", { paused: { by: "somebody", at: FIRED.at, reason: "lunch" } });
    await run("other-alarms", "soak", { alarms: ["errors"] });
    await run("no-alarms", "soak", { alarms: [] });
    for (const over of ["done", "rolled-back", "undone"] as const) {
      await run(over, over);
      await registry.releaseTableLocks(over, "run");
    }
    expect(await fire()).toEqual({ rolledBack: ["friday", "monday"], tooLate: [] });
    expect(rolledBack()).toEqual(["friday", "monday"]);
  });

  it("starts a rollback again that died before it released the table lock, and none that is under way", async () => {
    await run("friday", "rolled-back");
    const first = await executions.startRollback({ run: "friday", reason: "by hand" });
    expect(await fire()).toEqual({ rolledBack: ["friday"], tooLate: [] });
    expect(executions.rollbacks).toHaveLength(1);
    executions.set(first, "FAILED");
    await fire();
    await fire();
    expect(executions.rollbacks).toHaveLength(2);
    await registry.releaseTableLocks("friday", "run");
    await run("monday", "rolled-back", { tables: ["crm/public.friday"] });
    expect(await fire()).toEqual({ rolledBack: ["monday"], tooLate: [] });
  });

  it("rolls back what it can where the run registry cannot read who has the table of another locked, and then fails", async () => {
    await run("friday", "soak");
    await run("monday", "rolled-back");
    const failure = new ServiceUnavailable({ object: "registry", problem: "is away", remedy: "Wait" });
    vi.spyOn(registry, "lockHolders").mockRejectedValueOnce(failure);
    await expect(fire()).rejects.toBe(failure);
    expect(rolledBack()).toEqual(["friday"]);
  });

  it("does nothing where no run names it", async () => {
    await run("friday", "soak");
    expect(await fire({ alarm: "disk-full" })).toEqual({ rolledBack: [], tooLate: [] });
  });

  it("notifies operators of a run in contract, which cannot be rolled back", async () => {
    await run("friday", "contract");
    expect(await fire()).toEqual({ rolledBack: [], tooLate: ["friday"] });
    expect(executions.rollbacks).toEqual([]);
    expect(notifier.messages).toEqual([
      {
        subject: "Sluice: migration-of-friday cannot be rolled back any more",
        body: expect.stringMatching(
          /alarm "latency" fired: Threshold Crossed[^]*Run friday .* is in contract/,
        ) as string,
      },
    ]);
  });

  it("is one rollback, though it comes ten times at once", async () => {
    await run("friday", "soak");
    await Promise.all(Array.from({ length: 10 }, () => fire()));
    expect(rolledBack()).toEqual(["friday"]);
  });

  it("is one rollback, together with another alarm and a person", async () => {
    await run("friday", "soak");
    await Promise.all([
      fire(),
      fire({ alarm: "errors", reason: "5 errors" }),
      executions.startRollback({ run: "friday", reason: "by hand" }),
    ]);
    expect(rolledBack()).toEqual(["friday"]);
  });

  it("is no further rollback once the run was claimed", async () => {
    await run("friday", "soak");
    await fire();
    await claimRollback(
      { registry, clock: { now: () => new Date(), sleep: () => Promise.resolve() } },
      { run: "friday" },
    );
    await fire();
    expect(rolledBack()).toEqual(["friday"]);
  });

  it("is a further rollback where the first has failed before it claimed the run", async () => {
    await run("friday", "soak");
    await fire();
    executions.set(executions.rollbacks[0]?.executionArn ?? "", "FAILED");
    await fire();
    expect(rolledBack()).toEqual(["friday", "friday"]);
  });

  it("rolls the others back where one cannot be started, and then fails, so that the event comes again", async () => {
    for (const name of ["a", "b", "c"]) await run(name, "soak");
    await run("late", "contract");
    const busy = new ServiceUnavailable({ object: "execution", problem: "throttled", remedy: "Retry" });
    const start = executions.startRollback.bind(executions);
    executions.startRollback = (request) => (request.run === "a" ? Promise.reject(busy) : start(request));
    await expect(fire()).rejects.toBe(busy);
    expect(rolledBack()).toEqual(["b", "c"]);
    expect(notifier.messages).toHaveLength(1);
    executions.startRollback = start;
    await fire();
    expect(rolledBack()).toEqual(["a", "b", "c"]);
  });

  it("does not concern a run that began long after it: its event is late, and the alarm was OK at the start", async () => {
    await run("just-begun", "expand", { startedAt: "2026-01-31T10:15:30.000Z" });
    await run("next-morning", "expand", { startedAt: "2026-01-31T10:45:00.000Z" });
    expect(await fire()).toEqual({ rolledBack: ["just-begun"], tooLate: [] });
  });
});
