import { describe, expect, it } from "vitest";
import { NotFound } from "../../core/errors.ts";
import { REVERSIBLE } from "../../core/plan/phases.ts";
import type { RunRegistry, PhaseChange, RunRecord } from "../../core/ports.ts";

const TABLE = "crm/public.contacts";

export function run(runId: string, changes: Partial<RunRecord> = {}): RunRecord {
  return {
    runId,
    migration: "contact-channel",
    planHash: "0".repeat(64),
    executionArn: `arn:aws:states:us-east-1:000000000000:execution:migration:${runId}`,
    table: TABLE,
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
export function controlContract(name: string, harness: () => Promise<RunRegistry>): void {
  describe(`registry: ${name}`, () => {
    registration(harness);
    takingOver(harness);
    takingBack(harness);
    transitions(harness);
    pauses(harness);
    guards(harness);
    starters(harness);
    concurrency(harness);
  });
}

function registration(harness: () => Promise<RunRegistry>): void {
  it("gives a free table to the run that registers", async () => {
    const registry = await harness();
    expect(await registry.register(run("a"))).toBeUndefined();
    expect(await registry.run("a")).toEqual(run("a"));
    expect(await registry.run("b")).toBeUndefined();
  });

  it("says who holds a table, until that one releases it", async () => {
    const registry = await harness();
    await registry.register(run("a"));
    expect(await registry.holder(TABLE)).toEqual(run("a"));
    expect(await registry.holder("crm/public.deals")).toBeUndefined();
    await registry.release("a");
    expect(await registry.holder(TABLE)).toBeUndefined();
  });

  it("names the run that holds the table, and keeps no record of the one that does not", async () => {
    const registry = await harness();
    await registry.register(run("a"));
    expect(await registry.register(run("b"))).toEqual(run("a"));
    expect(await registry.run("b")).toBeUndefined();
    expect(await registry.register(run("c", { table: "crm/public.deals" }))).toBeUndefined();
  });

  it("leaves a run as it is when it registers again", async () => {
    const registry = await harness();
    await registry.register(run("a"));
    await registry.transition({ runId: "a", from: ["preflight"], to: "expand", at: "2026-01-05T09:01:00.000Z" });
    expect(await registry.register(run("a"))).toBeUndefined();
    expect((await registry.run("a"))?.phase).toBe("expand");
  });

  it("gives a released table to the next run, and not to the same one again", async () => {
    const registry = await harness();
    await registry.register(run("a"));
    await registry.release("a");
    await registry.release("a");
    expect(await registry.register(run("a"))).toBeUndefined();
    expect(await registry.register(run("b"))).toBeUndefined();
    expect(await registry.register(run("a"))).toEqual(run("b"));
  });

  it("does not release a table that another run holds", async () => {
    const registry = await harness();
    await registry.register(run("a"));
    await registry.release("a");
    await registry.register(run("b"));
    await registry.release("a");
    await registry.release("never-registered");
    expect(await registry.register(run("c"))).toEqual(run("b"));
  });

  it("lists the newest runs first, at most as many as asked for", async () => {
    const registry = await harness();
    for (const [index, runId] of ["b", "d", "a", "c"].entries()) {
      await registry.register(
        run(runId, { table: `crm/public.${runId}`, startedAt: `2026-01-0${String(index + 1)}T09:00:00.000Z` }),
      );
    }
    expect((await registry.runs(10)).map(({ runId }) => runId)).toEqual(["c", "a", "d", "b"]);
    expect((await registry.runs(2)).map(({ runId }) => runId)).toEqual(["c", "a"]);
  });
}

function takingOver(harness: () => Promise<RunRegistry>): void {
  it("takes a table over from the run that is named, and from no other", async () => {
    const registry = await harness();
    await registry.register(run("dead"));
    expect(await registry.takeOver(run("b"), "somebody-else")).toEqual(run("dead"));
    expect(await registry.run("b")).toBeUndefined();
    expect(await registry.takeOver(run("b"), "dead")).toBeUndefined();
    expect(await registry.run("b")).toEqual(run("b"));
    expect(await registry.register(run("c"))).toEqual(run("b"));
  });

  it("changes nothing when the same take-over is called again", async () => {
    const registry = await harness();
    await registry.register(run("dead"));
    await registry.takeOver(run("b"), "dead");
    expect(await registry.takeOver(run("b"), "dead")).toBeUndefined();
    expect((await registry.runs(10)).map(({ runId }) => runId)).toEqual(["dead", "b"]);
  });

  it("takes a table that was given free in the meantime", async () => {
    const registry = await harness();
    await registry.register(run("dead"));
    await registry.release("dead");
    expect(await registry.takeOver(run("b"), "dead")).toBeUndefined();
    expect(await registry.register(run("c"))).toEqual(run("b"));
  });

  it("no longer lets the old holder release the table", async () => {
    const registry = await harness();
    await registry.register(run("dead"));
    await registry.takeOver(run("b"), "dead");
    await registry.release("dead");
    expect(await registry.register(run("c"))).toEqual(run("b"));
  });
}

function takingBack(harness: () => Promise<RunRegistry>): void {
  it("gives a table back to a run that let go of it, once and again", async () => {
    const registry = await harness();
    await registry.register(run("a"));
    await registry.release("a");
    expect(await registry.retake("a")).toBeUndefined();
    expect(await registry.retake("a")).toBeUndefined();
    expect(await registry.holder(TABLE)).toEqual(run("a"));
  });

  it("does not release what was retaken, nor give back what was not: each way ends by its own end", async () => {
    const registry = await harness();
    await registry.register(run("a"));
    await registry.giveBack("a");
    expect(await registry.holder(TABLE)).toEqual(run("a"));
    await registry.release("a");
    await registry.retake("a");
    await registry.release("a");
    expect(await registry.holder(TABLE)).toEqual(run("a"));
    await registry.giveBack("a");
    expect(await registry.holder(TABLE)).toBeUndefined();
    expect(await registry.register(run("b"))).toBeUndefined();
    await registry.release("b");
    expect(await registry.holder(TABLE)).toBeUndefined();
  });

  it("gives no table back that another run holds by now", async () => {
    const registry = await harness();
    await registry.register(run("a"));
    await registry.release("a");
    await registry.register(run("b"));
    expect(await registry.retake("a")).toEqual(run("b"));
    expect(await registry.holder(TABLE)).toEqual(run("b"));
  });

  it("gives nothing to a run that it does not know", async () => {
    const registry = await harness();
    await expect(registry.retake("a")).rejects.toThrow(NotFound);
  });
}

const PAUSE = { by: "arn:aws:iam::000000000000:user/ann", at: "2026-01-05T09:30:00.000Z", reason: "a sale" };
const END = { resumedBy: "arn:aws:iam::000000000000:user/bob", resumedAt: "2026-01-05T09:40:00.000Z" };

function pauses(harness: () => Promise<RunRegistry>): void {
  it("pauses a run, and says by whom, since when and why", async () => {
    const registry = await harness();
    await registry.register(run("a"));
    expect(await registry.pause("a", PAUSE, REVERSIBLE)).toEqual(run("a", { paused: PAUSE }));
    expect(await registry.run("a")).toEqual(run("a", { paused: PAUSE }));
  });

  it("keeps the first pause", async () => {
    const registry = await harness();
    await registry.register(run("a", { paused: PAUSE }));
    const again = await registry.pause("a", { ...PAUSE, by: "somebody else" }, REVERSIBLE);
    expect(again.paused).toEqual(PAUSE);
  });

  it("pauses no run in another phase", async () => {
    const registry = await harness();
    await registry.register(run("a", { phase: "contract" }));
    expect(await registry.pause("a", PAUSE, REVERSIBLE)).toEqual(run("a", { phase: "contract" }));
  });

  it("ends a pause, says what was, and remembers who ended it", async () => {
    const registry = await harness();
    await registry.register(run("a"));
    await registry.pause("a", PAUSE, REVERSIBLE);
    expect(await registry.resume("a", END)).toEqual(run("a", { paused: PAUSE }));
    const resumed = run("a", { lastPause: { ...PAUSE, ...END } });
    expect(await registry.run("a")).toEqual(resumed);
    expect(await registry.resume("a", { ...END, resumedBy: "somebody else" })).toEqual(resumed);
    expect(await registry.run("a")).toEqual(resumed);
  });

  it("pauses a run anew", async () => {
    const registry = await harness();
    await registry.register(run("a"));
    await registry.pause("a", PAUSE, REVERSIBLE);
    await registry.resume("a", END);
    const second = { ...PAUSE, at: "2026-01-05T09:50:00.000Z" };
    const paused = await registry.pause("a", second, REVERSIBLE);
    expect(paused).toEqual(run("a", { paused: second, lastPause: { ...PAUSE, ...END } }));
  });

  it("leaves a paused run in its phase where the change asks for that, and moves it where not", async () => {
    const registry = await harness();
    await registry.register(run("a", { phase: "cooling", paused: PAUSE }));
    expect(await registry.transition({ ...contract("a"), unlessPaused: true })).toMatchObject({ phase: "cooling" });
    await registry.resume("a", END);
    expect(await registry.transition({ ...contract("a"), unlessPaused: true })).toMatchObject({ phase: "contract" });
    await registry.register(run("b", { phase: "expand", paused: PAUSE, table: "crm/public.deals" }));
    const on = { runId: "b", from: ["expand"], to: "backfill", at: "2026-01-05T09:45:00.000Z" } as const;
    expect(await registry.transition(on)).toMatchObject({ phase: "backfill", paused: PAUSE });
  });

  it("rolls a paused run back, which is paused no more", async () => {
    const registry = await harness();
    await registry.register(run("a", { paused: PAUSE }));
    const { phase, paused } = await registry.transition(rollback("a", "the alarm"));
    expect({ phase, paused }).toEqual({ phase: "rolled-back", paused: undefined });
  });

  it("knows a run by name when it pauses or resumes", async () => {
    const registry = await harness();
    await expect(registry.pause("a", PAUSE, REVERSIBLE)).rejects.toThrow(NotFound);
    await expect(registry.resume("a", END)).rejects.toThrow(NotFound);
  });
}

function guards(harness: () => Promise<RunRegistry>): void {
  it("finds the runs that name an alarm, by the whole name, in the phases asked for", async () => {
    const registry = await harness();
    const guarded = (runId: string, alarms: readonly string[], phase: RunRecord["phase"]) =>
      registry.register(run(runId, { alarms, phase, table: `crm/public.${runId}` }));
    await guarded("a", ["errors", "latency"], "backfill");
    await guarded("b", ["errors-of-another"], "backfill");
    await guarded("c", ["latency"], "cooling");
    await guarded("d", ["latency"], "done");
    await guarded("e", ["latency"], "contract");
    const found = async (alarm: string, phases: readonly RunRecord["phase"][]) =>
      (await registry.runsWatchedBy(alarm, phases)).map(({ runId }) => runId).sort();
    expect(await found("latency", REVERSIBLE)).toEqual(["a", "c"]);
    expect(await found("errors", REVERSIBLE)).toEqual(["a"]);
    expect(await found("latency", ["contract"])).toEqual(["e"]);
    expect(await found("unheard-of", REVERSIBLE)).toEqual([]);
    expect(await registry.runsWatchedBy("errors", ["backfill"])).toEqual([
      run("a", { alarms: ["errors", "latency"], phase: "backfill", table: "crm/public.a" }),
    ]);
  });
}

function starters(harness: () => Promise<RunRegistry>): void {
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
    await registry.register(run("a", { startedBy: "ann" }));
    expect((await registry.run("a"))?.startedBy).toBe("ann");
  });
}

function transitions(harness: () => Promise<RunRegistry>): void {
  it("moves a run from one of the phases asked for, and says when", async () => {
    const registry = await harness();
    await registry.register(run("a"));
    const at = "2026-01-05T09:05:00.000Z";
    const moved = await registry.transition({ runId: "a", from: ["preflight", "expand"], to: "expand", at });
    expect(moved).toEqual(run("a", { phase: "expand", updatedAt: at }));
    expect(await registry.run("a")).toEqual(moved);
  });

  it("leaves a run in any other phase as it is", async () => {
    const registry = await harness();
    const soaking = run("a", { phase: "soak" });
    await registry.register(soaking);
    expect(await registry.transition(contract("a"))).toEqual(soaking);
    expect(await registry.run("a")).toEqual(soaking);
  });

  it("keeps the first reason when a rollback is claimed again", async () => {
    const registry = await harness();
    await registry.register(run("a", { phase: "cutover" }));
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
  it("lets one of many runs have a table", async () => {
    const registry = await harness();
    const ids = Array.from({ length: 12 }, (_, index) => `r${String(index)}`);
    const holders = await Promise.all(ids.map((runId) => registry.register(run(runId))));
    const winners = ids.filter((_, index) => holders[index] === undefined);
    expect(winners).toHaveLength(1);
    expect(new Set(holders.filter((holder) => holder !== undefined).map(({ runId }) => runId))).toEqual(
      new Set(winners),
    );
    expect(await registry.runs(100)).toHaveLength(1);
  });

  it("lets one of many runs take a dead run's table over", async () => {
    const registry = await harness();
    await registry.register(run("dead"));
    const ids = Array.from({ length: 12 }, (_, index) => `r${String(index)}`);
    const holders = await Promise.all(ids.map((runId) => registry.takeOver(run(runId), "dead")));
    expect(holders.filter((holder) => holder === undefined)).toHaveLength(1);
    expect(await registry.runs(100)).toHaveLength(2);
  });

  it("lets rollback or contract win, never both, whoever calls first", async () => {
    const registry = await harness();
    for (let round = 0; round < 10; round++) {
      const runId = `r${String(round)}`;
      await registry.register(run(runId, { phase: "cooling", table: `crm/public.t${String(round)}` }));
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
    await registry.register(run("a"));
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
      await registry.register(run(runId, { phase: "cooling", table: `crm/public.t${String(round)}` }));
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

  it("gives a free table to a run that takes it back or to a new one, never to both", async () => {
    const registry = await harness();
    for (let round = 0; round < 10; round++) {
      const [old, fresh, table] = [`old${String(round)}`, `new${String(round)}`, `crm/public.t${String(round)}`];
      await registry.register(run(old, { table }));
      await registry.release(old);
      const [taken, registered] = await Promise.all([registry.retake(old), registry.register(run(fresh, { table }))]);
      const holder = (await registry.holder(table))?.runId;
      expect([taken?.runId, registered?.runId]).toEqual(holder === old ? [undefined, old] : [fresh, undefined]);
    }
  });
}
