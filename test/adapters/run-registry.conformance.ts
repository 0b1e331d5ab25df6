import { describe, expect, it } from "vitest";
import { NotFound, ServiceRefused } from "../../core/errors.ts";
import { REVERSIBLE } from "../../core/plan/phases.ts";
import type { RunRegistry, PhaseChange, RunRecord } from "../../core/ports.ts";
import { lockHolder } from "../support/lock-holder.ts";

const TABLE = "crm/public.contacts";
const [A, B, C] = ["crm/public.a", "crm/public.b", "crm/public.c"] as const;

export function run(runId: string, changes: Partial<RunRecord> = {}): RunRecord {
  return {
    runId,
    migration: "contact-channel",
    planHash: "0".repeat(64),
    executionArn: `arn:aws:states:us-east-1:000000000000:execution:migration:${runId}`,
    tables: [TABLE],
    phase: "preflight",
    startedAt: "2026-01-05T09:00:00.000Z",
    updatedAt: "2026-01-05T09:00:00.000Z",
    alarms: [],
    ...changes,
  };
}

const rollback = (runId: string, reason: string): PhaseChange => ({
  runId,
  from: REVERSIBLE,
  to: "rolled-back",
  at: "2026-01-05T10:00:00.000Z",
  reason,
});
const contract = (runId: string): PhaseChange => ({
  runId,
  from: ["cooling", "contract"],
  to: "contract",
  at: "2026-01-05T10:00:01.000Z",
});

/** What every adapter of {@link RunRegistry} does. `harness` gives an empty one. */
export function runRegistryConformance(name: string, harness: () => Promise<RunRegistry>): void {
  describe(`registry: ${name}`, () => {
    registrations(harness);
    takingOver(harness);
    undoLocks(harness);
    severalTables(harness);
    transitions(harness);
    pauses(harness);
    watched(harness);
    initiators(harness);
    concurrency(harness);
    severalTablesConcurrently(harness);
  });
}

function registrations(harness: () => Promise<RunRegistry>): void {
  it("locks an unlocked table for the run that registers", async () => {
    const registry = await harness();
    expect(await registry.acquireTableLocks(run("a"))).toBeUndefined();
    expect(await registry.run("a")).toEqual(run("a"));
    expect(await registry.run("b")).toBeUndefined();
  });

  it("reads which run has a table locked, until it is released", async () => {
    const registry = await harness();
    await registry.acquireTableLocks(run("a"));
    expect(await lockHolder(registry, TABLE)).toEqual(run("a"));
    expect(await lockHolder(registry, "crm/public.deals")).toBeUndefined();
    await registry.releaseTableLocks("a", "run");
    expect(await lockHolder(registry, TABLE)).toBeUndefined();
  });

  it("names the run that has the table locked, and keeps no record of the one that has not", async () => {
    const registry = await harness();
    await registry.acquireTableLocks(run("a"));
    expect(await registry.acquireTableLocks(run("b"))).toEqual(run("a"));
    expect(await registry.run("b")).toBeUndefined();
    expect(await registry.acquireTableLocks(run("c", { tables: ["crm/public.deals"] }))).toBeUndefined();
  });

  it("leaves a run as it is when it registers again", async () => {
    const registry = await harness();
    await registry.acquireTableLocks(run("a"));
    await registry.transition({ runId: "a", from: ["preflight"], to: "expand", at: "2026-01-05T09:01:00.000Z" });
    expect(await registry.acquireTableLocks(run("a"))).toBeUndefined();
    expect((await registry.run("a"))?.phase).toBe("expand");
  });

  it("locks a released table for the next run, and not for the same one again", async () => {
    const registry = await harness();
    await registry.acquireTableLocks(run("a"));
    await registry.releaseTableLocks("a", "run");
    await registry.releaseTableLocks("a", "run");
    expect(await registry.acquireTableLocks(run("a"))).toBeUndefined();
    expect(await registry.acquireTableLocks(run("b"))).toBeUndefined();
    expect(await registry.acquireTableLocks(run("a"))).toEqual(run("b"));
  });

  it("does not release a table that another run has locked", async () => {
    const registry = await harness();
    await registry.acquireTableLocks(run("a"));
    await registry.releaseTableLocks("a", "run");
    await registry.acquireTableLocks(run("b"));
    await registry.releaseTableLocks("a", "run");
    await registry.releaseTableLocks("never-registered", "run");
    expect(await registry.acquireTableLocks(run("c"))).toEqual(run("b"));
  });

  it("lists the newest runs first, at most as many as asked for", async () => {
    const registry = await harness();
    for (const [index, runId] of ["b", "d", "a", "c"].entries()) {
      await registry.acquireTableLocks(
        run(runId, { tables: [`crm/public.${runId}`], startedAt: `2026-01-0${String(index + 1)}T09:00:00.000Z` }),
      );
    }
    expect((await registry.runs(10)).map(({ runId }) => runId)).toEqual(["c", "a", "d", "b"]);
    expect((await registry.runs(2)).map(({ runId }) => runId)).toEqual(["c", "a"]);
  });
}

function takingOver(harness: () => Promise<RunRegistry>): void {
  it("takes a table over from the run that is named, and from no other", async () => {
    const registry = await harness();
    await registry.acquireTableLocks(run("dead"));
    expect(await registry.acquireTableLocks(run("b"), ["another"])).toEqual(run("dead"));
    expect(await registry.run("b")).toBeUndefined();
    expect(await registry.acquireTableLocks(run("b"), ["dead"])).toBeUndefined();
    expect(await registry.run("b")).toEqual(run("b"));
    expect(await registry.acquireTableLocks(run("c"))).toEqual(run("b"));
  });

  it("changes nothing when the same take-over is called again", async () => {
    const registry = await harness();
    await registry.acquireTableLocks(run("dead"));
    await registry.acquireTableLocks(run("b"), ["dead"]);
    expect(await registry.acquireTableLocks(run("b"), ["dead"])).toBeUndefined();
    expect((await registry.runs(10)).map(({ runId }) => runId)).toEqual(["dead", "b"]);
  });

  it("locks a table that was released in the meantime", async () => {
    const registry = await harness();
    await registry.acquireTableLocks(run("dead"));
    await registry.releaseTableLocks("dead", "run");
    expect(await registry.acquireTableLocks(run("b"), ["dead"])).toBeUndefined();
    expect(await registry.acquireTableLocks(run("c"))).toEqual(run("b"));
  });

  it("does not let the dead run release the table any more", async () => {
    const registry = await harness();
    await registry.acquireTableLocks(run("dead"));
    await registry.acquireTableLocks(run("b"), ["dead"]);
    await registry.releaseTableLocks("dead", "run");
    expect(await registry.acquireTableLocks(run("c"))).toEqual(run("b"));
  });
}

function undoLocks(harness: () => Promise<RunRegistry>): void {
  it("locks the table for the undo of a run that released it, once and again", async () => {
    const registry = await harness();
    await registry.acquireTableLocks(run("a"));
    await registry.releaseTableLocks("a", "run");
    expect(await registry.acquireUndoLocks("a")).toBeUndefined();
    expect(await registry.acquireUndoLocks("a")).toBeUndefined();
    expect(await lockHolder(registry, TABLE)).toEqual(run("a"));
  });

  it("releases what was locked for a run or for its undo, each by its own purpose", async () => {
    const registry = await harness();
    await registry.acquireTableLocks(run("a"));
    await registry.releaseTableLocks("a", "undo");
    expect(await lockHolder(registry, TABLE)).toEqual(run("a"));
    await registry.releaseTableLocks("a", "run");
    await registry.acquireUndoLocks("a");
    await registry.releaseTableLocks("a", "run");
    expect(await lockHolder(registry, TABLE)).toEqual(run("a"));
    await registry.releaseTableLocks("a", "undo");
    expect(await lockHolder(registry, TABLE)).toBeUndefined();
    expect(await registry.acquireTableLocks(run("b"))).toBeUndefined();
    await registry.releaseTableLocks("b", "run");
    expect(await lockHolder(registry, TABLE)).toBeUndefined();
  });

  it("locks no table for an undo that another run has locked by now", async () => {
    const registry = await harness();
    await registry.acquireTableLocks(run("a"));
    await registry.releaseTableLocks("a", "run");
    await registry.acquireTableLocks(run("b"));
    expect(await registry.acquireUndoLocks("a")).toEqual(run("b"));
    expect(await lockHolder(registry, TABLE)).toEqual(run("b"));
  });

  it("locks nothing for a run that it does not know", async () => {
    const registry = await harness();
    await expect(registry.acquireUndoLocks("a")).rejects.toThrow(NotFound);
  });
}

/** Who has each of {@link A}, {@link B} and {@link C} locked. */
async function holders(registry: RunRegistry): Promise<readonly (string | undefined)[]> {
  const found = await registry.lockHolders([A, B, C]);
  return [A, B, C].map((table) => found.get(table)?.runId);
}

function severalTables(harness: () => Promise<RunRegistry>): void {
  it("locks every table of a run, and releases all of them", async () => {
    const registry = await harness();
    expect(await registry.acquireTableLocks(run("a", { tables: [A, B] }))).toBeUndefined();
    expect(await registry.run("a")).toEqual(run("a", { tables: [A, B] }));
    expect(await holders(registry)).toEqual(["a", "a", undefined]);
    await registry.releaseTableLocks("a", "run");
    expect(await holders(registry)).toEqual([undefined, undefined, undefined]);
  });

  it("locks none of a run's tables where another run has one of them, and names that run", async () => {
    const registry = await harness();
    await registry.acquireTableLocks(run("a", { tables: [B] }));
    expect(await registry.acquireTableLocks(run("b", { tables: [A, B, C] }))).toEqual(run("a", { tables: [B] }));
    expect(await registry.run("b")).toBeUndefined();
    expect(await holders(registry)).toEqual([undefined, "a", undefined]);
  });

  it("names the holder of the first table that is locked, where two runs have the tables", async () => {
    const registry = await harness();
    await registry.acquireTableLocks(run("a", { tables: [B] }));
    await registry.acquireTableLocks(run("b", { tables: [A] }));
    expect(await registry.acquireTableLocks(run("c", { tables: [A, B] }))).toMatchObject({ runId: "b" });
    expect(await registry.acquireTableLocks(run("c", { tables: [A, B] }), ["b"])).toMatchObject({ runId: "a" });
    expect(await holders(registry)).toEqual(["b", "a", undefined]);
  });

  it("takes over what dead runs have of the tables, and releases what else they have", async () => {
    const registry = await harness();
    await registry.acquireTableLocks(run("dead-1", { tables: [A, C] }));
    await registry.acquireTableLocks(run("dead-2", { tables: [B] }));
    expect(await registry.acquireTableLocks(run("a", { tables: [A, B] }), ["dead-1", "dead-2"])).toBeUndefined();
    expect(await holders(registry)).toEqual(["a", "a", undefined]);
    for (const dead of ["dead-1", "dead-2"]) await registry.releaseTableLocks(dead, "run");
    expect(await holders(registry)).toEqual(["a", "a", undefined]);
  });

  it("leaves a dead run's tables locked where the run does not get all of its own", async () => {
    const registry = await harness();
    await registry.acquireTableLocks(run("dead", { tables: [A, C] }));
    await registry.acquireTableLocks(run("alive", { tables: [B] }));
    expect(await registry.acquireTableLocks(run("a", { tables: [A, B] }), ["dead"])).toMatchObject({ runId: "alive" });
    expect(await holders(registry)).toEqual(["dead", "alive", "dead"]);
  });

  it("leaves alone what a dead run has released and another run has locked since", async () => {
    const registry = await harness();
    await registry.acquireTableLocks(run("dead", { tables: [A, C] }));
    await registry.releaseTableLocks("dead", "run");
    await registry.acquireTableLocks(run("alive", { tables: [C] }));
    expect(await registry.acquireTableLocks(run("a", { tables: [A] }), ["dead"])).toBeUndefined();
    expect(await holders(registry)).toEqual(["a", undefined, "alive"]);
  });

  it("locks every table for an undo, or none", async () => {
    const registry = await harness();
    await registry.acquireTableLocks(run("a", { tables: [A, B] }));
    await registry.releaseTableLocks("a", "run");
    await registry.acquireTableLocks(run("b", { tables: [B, C] }));
    expect(await registry.acquireUndoLocks("a")).toMatchObject({ runId: "b" });
    expect(await holders(registry)).toEqual([undefined, "b", "b"]);
    await registry.releaseTableLocks("b", "run");
    expect(await registry.acquireUndoLocks("a")).toBeUndefined();
    await registry.releaseTableLocks("a", "run");
    expect(await holders(registry)).toEqual(["a", "a", undefined]);
    await registry.releaseTableLocks("a", "undo");
    expect(await holders(registry)).toEqual([undefined, undefined, undefined]);
  });

  it("locks a table once that a run names twice", async () => {
    const registry = await harness();
    expect(await registry.acquireTableLocks(run("a", { tables: [A, A] }))).toBeUndefined();
    await registry.releaseTableLocks("a", "run");
    expect(await registry.acquireUndoLocks("a")).toBeUndefined();
    expect(await holders(registry)).toEqual(["a", undefined, undefined]);
  });

  it("locks 99 tables, and refuses more: they do not fit into one transaction", async () => {
    const registry = await harness();
    const tables = (count: number): readonly string[] =>
      Array.from({ length: count }, (_, index) => `crm/public.t${String(index)}`);
    await expect(registry.acquireTableLocks(run("a", { tables: tables(100) }))).rejects.toThrow(ServiceRefused);
    expect(await registry.run("a")).toBeUndefined();
    expect(await registry.acquireTableLocks(run("a", { tables: tables(99) }))).toBeUndefined();
    expect((await registry.lockHolders(tables(100))).size).toBe(99);
    await expect(registry.acquireTableLocks(run("b", { tables: [A] }), ["a"])).rejects.toThrow(ServiceRefused);
    await registry.releaseTableLocks("a", "run");
    expect((await registry.lockHolders(tables(100))).size).toBe(0);
  });
}

const PAUSE = { by: "arn:aws:iam::000000000000:user/ann", at: "2026-01-05T09:30:00.000Z", reason: "a sale" };
const END = { resumedBy: "arn:aws:iam::000000000000:user/bob", resumedAt: "2026-01-05T09:40:00.000Z" };

function pauses(harness: () => Promise<RunRegistry>): void {
  it("pauses a run, and says by whom, since when and why", async () => {
    const registry = await harness();
    await registry.acquireTableLocks(run("a"));
    expect(await registry.pause("a", PAUSE, REVERSIBLE)).toEqual(run("a", { paused: PAUSE }));
    expect(await registry.run("a")).toEqual(run("a", { paused: PAUSE }));
  });

  it("keeps the first pause", async () => {
    const registry = await harness();
    await registry.acquireTableLocks(run("a", { paused: PAUSE }));
    const again = await registry.pause("a", { ...PAUSE, by: "somebody else" }, REVERSIBLE);
    expect(again.paused).toEqual(PAUSE);
  });

  it("pauses no run in another phase", async () => {
    const registry = await harness();
    await registry.acquireTableLocks(run("a", { phase: "contract" }));
    expect(await registry.pause("a", PAUSE, REVERSIBLE)).toEqual(run("a", { phase: "contract" }));
  });

  it("ends a pause, says what was, and remembers who ended it", async () => {
    const registry = await harness();
    await registry.acquireTableLocks(run("a"));
    await registry.pause("a", PAUSE, REVERSIBLE);
    expect(await registry.resume("a", END)).toEqual(run("a", { paused: PAUSE }));
    const resumed = run("a", { lastPause: { ...PAUSE, ...END } });
    expect(await registry.run("a")).toEqual(resumed);
    expect(await registry.resume("a", { ...END, resumedBy: "somebody else" })).toEqual(resumed);
    expect(await registry.run("a")).toEqual(resumed);
  });

  it("pauses a run anew", async () => {
    const registry = await harness();
    await registry.acquireTableLocks(run("a"));
    await registry.pause("a", PAUSE, REVERSIBLE);
    await registry.resume("a", END);
    const second = { ...PAUSE, at: "2026-01-05T09:50:00.000Z" };
    const paused = await registry.pause("a", second, REVERSIBLE);
    expect(paused).toEqual(run("a", { paused: second, lastPause: { ...PAUSE, ...END } }));
  });

  it("leaves a paused run in its phase where the change asks for that, and moves it where not", async () => {
    const registry = await harness();
    await registry.acquireTableLocks(run("a", { phase: "cooling", paused: PAUSE }));
    expect(await registry.transition({ ...contract("a"), unlessPaused: true })).toMatchObject({ phase: "cooling" });
    await registry.resume("a", END);
    expect(await registry.transition({ ...contract("a"), unlessPaused: true })).toMatchObject({ phase: "contract" });
    await registry.acquireTableLocks(run("b", { phase: "expand", paused: PAUSE, tables: ["crm/public.deals"] }));
    const on = { runId: "b", from: ["expand"], to: "backfill", at: "2026-01-05T09:45:00.000Z" } as const;
    expect(await registry.transition(on)).toMatchObject({ phase: "backfill", paused: PAUSE });
  });

  it("rolls a paused run back, which is paused no more", async () => {
    const registry = await harness();
    await registry.acquireTableLocks(run("a", { paused: PAUSE }));
    const { phase, paused } = await registry.transition(rollback("a", "the alarm"));
    expect({ phase, paused }).toEqual({ phase: "rolled-back", paused: undefined });
  });

  it("knows a run by name when it pauses or resumes", async () => {
    const registry = await harness();
    await expect(registry.pause("a", PAUSE, REVERSIBLE)).rejects.toThrow(NotFound);
    await expect(registry.resume("a", END)).rejects.toThrow(NotFound);
  });
}

function watched(harness: () => Promise<RunRegistry>): void {
  it("finds the runs that name an alarm, by the whole name, in the phases asked for", async () => {
    const registry = await harness();
    const watchedRun = (runId: string, alarms: readonly string[], phase: RunRecord["phase"]) =>
      registry.acquireTableLocks(run(runId, { alarms, phase, tables: [`crm/public.${runId}`] }));
    await watchedRun("a", ["errors", "latency"], "backfill");
    await watchedRun("b", ["errors-of-another"], "backfill");
    await watchedRun("c", ["latency"], "cooling");
    await watchedRun("d", ["latency"], "done");
    await watchedRun("e", ["latency"], "contract");
    const found = async (alarm: string, phases: readonly RunRecord["phase"][]) =>
      (await registry.runsWatchedBy(alarm, phases)).map(({ runId }) => runId).sort();
    expect(await found("latency", REVERSIBLE)).toEqual(["a", "c"]);
    expect(await found("errors", REVERSIBLE)).toEqual(["a"]);
    expect(await found("latency", ["contract"])).toEqual(["e"]);
    expect(await found("unheard-of", REVERSIBLE)).toEqual([]);
    expect(await registry.runsWatchedBy("errors", ["backfill"])).toEqual([
      run("a", { alarms: ["errors", "latency"], phase: "backfill", tables: ["crm/public.a"] }),
    ]);
  });
}

function initiators(harness: () => Promise<RunRegistry>): void {
  it("notes the first who starts a run of a name", async () => {
    const registry = await harness();
    expect(await registry.initiator("a")).toBeUndefined();
    await registry.recordInitiator("a", "ann");
    await registry.recordInitiator("a", "bob");
    await registry.recordInitiator("b", "bob");
    expect([await registry.initiator("a"), await registry.initiator("b")]).toEqual(["ann", "bob"]);
  });

  it("keeps who started a run with the run", async () => {
    const registry = await harness();
    await registry.acquireTableLocks(run("a", { startedBy: "ann" }));
    expect((await registry.run("a"))?.startedBy).toBe("ann");
  });
}

function transitions(harness: () => Promise<RunRegistry>): void {
  it("moves a run from one of the phases asked for, and says when", async () => {
    const registry = await harness();
    await registry.acquireTableLocks(run("a"));
    const at = "2026-01-05T09:05:00.000Z";
    const moved = await registry.transition({ runId: "a", from: ["preflight", "expand"], to: "expand", at });
    expect(moved).toEqual(run("a", { phase: "expand", updatedAt: at }));
    expect(await registry.run("a")).toEqual(moved);
  });

  it("leaves a run in any other phase as it is", async () => {
    const registry = await harness();
    const soaking = run("a", { phase: "soak" });
    await registry.acquireTableLocks(soaking);
    expect(await registry.transition(contract("a"))).toEqual(soaking);
    expect(await registry.run("a")).toEqual(soaking);
  });

  it("keeps the first reason when a rollback is claimed again", async () => {
    const registry = await harness();
    await registry.acquireTableLocks(run("a", { phase: "cutover" }));
    const first = await registry.transition(rollback("a", "the alarm"));
    expect(first).toMatchObject({ phase: "rolled-back", reason: "the alarm" });
    expect(await registry.transition(rollback("a", "a person"))).toEqual(first);
  });

  it("refuses to move a run that it does not know", async () => {
    const registry = await harness();
    await expect(registry.transition(contract("a"))).rejects.toThrow(NotFound);
  });
}

function concurrency(harness: () => Promise<RunRegistry>): void {
  it("lets one of many runs lock a table", async () => {
    const registry = await harness();
    const ids = Array.from({ length: 12 }, (_, index) => `r${String(index)}`);
    const holders = await Promise.all(ids.map((runId) => registry.acquireTableLocks(run(runId))));
    const winners = ids.filter((_, index) => holders[index] === undefined);
    expect(winners).toHaveLength(1);
    expect(new Set(holders.filter((holder) => holder !== undefined).map(({ runId }) => runId))).toEqual(
      new Set(winners),
    );
    expect(await registry.runs(100)).toHaveLength(1);
  });

  it("lets one of many runs take a dead run's table over", async () => {
    const registry = await harness();
    await registry.acquireTableLocks(run("dead"));
    const ids = Array.from({ length: 12 }, (_, index) => `r${String(index)}`);
    const holders = await Promise.all(ids.map((runId) => registry.acquireTableLocks(run(runId), ["dead"])));
    expect(holders.filter((holder) => holder === undefined)).toHaveLength(1);
    expect(await registry.runs(100)).toHaveLength(2);
  });

  it("lets rollback or contract win, never both, whoever calls first", async () => {
    const registry = await harness();
    for (let round = 0; round < 10; round++) {
      const runId = `r${String(round)}`;
      await registry.acquireTableLocks(run(runId, { phase: "cooling", tables: [`crm/public.t${String(round)}`] }));
      const changes = Array.from({ length: 8 }, (_, index) =>
        (index + round) % 2 === 0 ? contract(runId) : rollback(runId, "the alarm"),
      );
      const seen = await Promise.all(changes.map((change) => registry.transition(change)));
      const final = (await registry.run(runId))?.phase;
      expect(["contract", "rolled-back"]).toContain(final);
      expect(new Set(seen.map(({ phase }) => phase))).toEqual(new Set([final]));
    }
  });

  it("lets one of many pause a run, and one of many end it", async () => {
    const registry = await harness();
    await registry.acquireTableLocks(run("a"));
    const people = Array.from({ length: 20 }, (_, index) => `p${String(index)}`);
    const seen = await Promise.all(people.map((by) => registry.pause("a", { ...PAUSE, by }, REVERSIBLE)));
    const pausedBy = new Set(seen.map(({ paused }) => paused?.by));
    expect(pausedBy.size).toBe(1);
    const ended = await Promise.all(people.map((resumedBy) => registry.resume("a", { ...END, resumedBy })));
    expect(ended.filter(({ paused }) => paused !== undefined)).toHaveLength(1);
    const { paused, lastPause } = (await registry.run("a")) ?? {};
    expect(paused).toBeUndefined();
    expect(pausedBy).toContain(lastPause?.by);
  });

  it("lets contract or a pause win, never both", async () => {
    const registry = await harness();
    for (let round = 0; round < 10; round++) {
      const runId = `r${String(round)}`;
      await registry.acquireTableLocks(run(runId, { phase: "cooling", tables: [`crm/public.t${String(round)}`] }));
      await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          (index + round) % 2 === 0
            ? registry.pause(runId, PAUSE, REVERSIBLE)
            : registry.transition({ ...contract(runId), unlessPaused: true }),
        ),
      );
      const { phase, paused } = (await registry.run(runId)) ?? {};
      expect([phase, paused === undefined]).toEqual(phase === "contract" ? ["contract", true] : ["cooling", false]);
    }
  });

  it("locks a table for an undo or for a new run, never for both", async () => {
    const registry = await harness();
    for (let round = 0; round < 10; round++) {
      const [old, fresh, table] = [`old${String(round)}`, `new${String(round)}`, `crm/public.t${String(round)}`];
      await registry.acquireTableLocks(run(old, { tables: [table] }));
      await registry.releaseTableLocks(old, "run");
      const [taken, registered] = await Promise.all([
        registry.acquireUndoLocks(old),
        registry.acquireTableLocks(run(fresh, { tables: [table] })),
      ]);
      const holder = (await lockHolder(registry, table))?.runId;
      expect([taken?.runId, registered?.runId]).toEqual(holder === old ? [undefined, old] : [fresh, undefined]);
    }
  });
}

function severalTablesConcurrently(harness: () => Promise<RunRegistry>): void {
  it("lets one of two runs with a table in common have all of its tables, and the other none", async () => {
    const registry = await harness();
    for (let round = 0; round < 10; round++) {
      const [left, right] = [`l${String(round)}`, `r${String(round)}`];
      const [toLeft, toRight] = await Promise.all([
        registry.acquireTableLocks(run(left, { tables: [A, B] })),
        registry.acquireTableLocks(run(right, { tables: [C, B] })),
      ]);
      const won = toLeft === undefined ? left : right;
      expect([toLeft?.runId, toRight?.runId]).toEqual(won === left ? [undefined, left] : [right, undefined]);
      expect(await holders(registry)).toEqual(won === left ? [left, left, undefined] : [undefined, right, right]);
      await registry.releaseTableLocks(won, "run");
    }
  });

  it("lets one of many runs take over a dead run that has several tables", async () => {
    const registry = await harness();
    await registry.acquireTableLocks(run("dead", { tables: [A, B, C] }));
    const ids = Array.from({ length: 8 }, (_, index) => `r${String(index)}`);
    const tables = (index: number): readonly string[] => (index % 2 === 0 ? [A, B] : [B, C]);
    const seen = await Promise.all(
      ids.map((runId, index) => registry.acquireTableLocks(run(runId, { tables: tables(index) }), ["dead"])),
    );
    // The dead run's other table is released, and none of the others can have it without B.
    const winners = ids.filter((_, index) => seen[index] === undefined);
    expect(winners).toHaveLength(1);
    const [winner = ""] = winners;
    const won = tables(ids.indexOf(winner));
    expect(await holders(registry)).toEqual([A, B, C].map((table) => (won.includes(table) ? winner : undefined)));
    expect(await registry.runs(100)).toHaveLength(2);
  });

  it("locks all tables for an undo or for a new run that has one of them, never some for each", async () => {
    const registry = await harness();
    for (let round = 0; round < 10; round++) {
      const [old, fresh] = [`old${String(round)}`, `new${String(round)}`];
      await registry.acquireTableLocks(run(old, { tables: [A, B] }));
      await registry.releaseTableLocks(old, "run");
      const [toUndo, toFresh] = await Promise.all([
        registry.acquireUndoLocks(old),
        registry.acquireTableLocks(run(fresh, { tables: [B, C] })),
      ]);
      const undoing = toUndo === undefined;
      expect([toUndo?.runId, toFresh?.runId]).toEqual(undoing ? [undefined, old] : [fresh, undefined]);
      expect(await holders(registry)).toEqual(undoing ? [old, old, undefined] : [undefined, fresh, fresh]);
      await registry.releaseTableLocks(old, "undo");
      await registry.releaseTableLocks(fresh, "run");
    }
  });
}
