import { beforeEach, describe, expect, it } from "vitest";
import { PreflightRefused } from "../../../../core/errors.ts";
import type { Phase } from "../../../../core/plan/phases.ts";
import type { RunRecord } from "../../../../core/ports.ts";
import { lockTables } from "../../../../core/run/begin/lock-tables.ts";
import { FakeClock, FakeExecutions, FakeRunRegistry } from "../../../support/fakes.ts";

const [A, B, C] = ["crm/public.a", "crm/public.b", "crm/public.c"] as const;
const arn = (runId: string): string => `arn:aws:states:us-east-1:000000000000:execution:migration:${runId}`;

function run(runId: string, tables: readonly string[], changes: Partial<RunRecord> = {}): RunRecord {
  return {
    runId,
    migration: "contacts",
    planHash: "0".repeat(64),
    executionArn: arn(runId),
    tables,
    phase: "preflight",
    startedAt: "2026-01-05T09:00:00.000Z",
    updatedAt: "2026-01-05T09:00:00.000Z",
    alarms: [],
    ...changes,
  };
}

describe("a run of several tables", () => {
  let registry: FakeRunRegistry;
  let executions: FakeExecutions;

  beforeEach(() => {
    registry = new FakeRunRegistry();
    executions = new FakeExecutions();
  });

  const lock = (wanted: RunRecord): Promise<void> =>
    lockTables({ registry, executions, clock: new FakeClock() }, wanted);

  async function earlier(record: RunRecord, status: "RUNNING" | "FAILED"): Promise<void> {
    await registry.acquireTableLocks(record);
    executions.set(record.executionArn, status);
  }

  async function holders(): Promise<readonly (string | undefined)[]> {
    const found = await registry.lockHolders([A, B, C]);
    return [A, B, C].map((table) => found.get(table)?.runId);
  }

  const phase = async (runId: string): Promise<Phase | undefined> => (await registry.run(runId))?.phase;

  it("locks all of them", async () => {
    await lock(run("new", [A, B]));
    expect(await holders()).toEqual(["new", "new", undefined]);
  });

  it("takes them over from every run that died, closes each, and releases what else they have", async () => {
    await earlier(run("dead-1", [A, C], { phase: "backfill" }), "FAILED");
    await earlier(run("dead-2", [B], { phase: "soak" }), "FAILED");
    await lock(run("new", [A, B]));
    expect(await holders()).toEqual(["new", "new", undefined]);
    expect([await phase("dead-1"), await phase("dead-2")]).toEqual(["rolled-back", "rolled-back"]);
  });

  it("is refused where one is locked by a run that lives, and closes none that died", async () => {
    await earlier(run("dead", [A], { phase: "backfill" }), "FAILED");
    await earlier(run("alive", [B, C], { phase: "soak" }), "RUNNING");
    await expect(lock(run("new", [A, B]))).rejects.toThrow(PreflightRefused);
    await expect(lock(run("new", [A, B]))).rejects.toThrow(
      'table "crm/public.b": locked by run "alive", which is in phase soak. Wait for that run, or roll it back',
    );
    expect(await holders()).toEqual(["dead", "alive", "alive"]);
    expect(await phase("dead")).toBe("backfill");
    expect(await registry.run("new")).toBeUndefined();
  });

  it("names every table that the other run has locked", async () => {
    await earlier(run("alive", [C, A, B], { phase: "soak" }), "RUNNING");
    await expect(lock(run("new", [A, B]))).rejects.toThrow(
      'tables "crm/public.a", "crm/public.b": locked by run "alive"',
    );
  });

  it("follows a run that died in contract only with the same plan, in contract", async () => {
    const dead = run("dead", [A, B], { phase: "contract" });
    await earlier(dead, "FAILED");
    const another = { planHash: "1".repeat(64) };
    for (const wanted of [run("new", [A, B]), run("new", [A, B], { phase: "contract", ...another })]) {
      await expect(lock(wanted)).rejects.toThrow(/locked by run "dead", which is in phase contract/);
    }
    await lock(run("new", [A, B], { phase: "contract" }));
    expect(await holders()).toEqual(["new", "new", undefined]);
  });
});
