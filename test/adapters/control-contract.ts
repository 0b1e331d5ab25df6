import { describe, expect, it } from "vitest";
import { NotFound } from "../../core/errors.ts";
import { REVERSIBLE } from "../../core/plan/phases.ts";
import type { Control, PhaseChange, RunRecord } from "../../core/ports.ts";

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

/** What every adapter of {@link Control} does. `harness` gives an empty one. */
export function controlContract(name: string, harness: () => Promise<Control>): void {
  describe(`control: ${name}`, () => {
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

function registration(harness: () => Promise<Control>): void {
  it("gives a free table to the run that registers", async () => {
    const control = await harness();
    expect(await control.register(run("a"))).toBeUndefined();
    expect(await control.run("a")).toEqual(run("a"));
    expect(await control.run("b")).toBeUndefined();
  });

  it("says who holds a table, until that one releases it", async () => {
    const control = await harness();
    await control.register(run("a"));
    expect(await control.holder(TABLE)).toEqual(run("a"));
    expect(await control.holder("crm/public.deals")).toBeUndefined();
    await control.release("a");
    expect(await control.holder(TABLE)).toBeUndefined();
  });

  it("names the run that holds the table, and keeps no record of the one that does not", async () => {
    const control = await harness();
    await control.register(run("a"));
    expect(await control.register(run("b"))).toEqual(run("a"));
    expect(await control.run("b")).toBeUndefined();
    expect(await control.register(run("c", { table: "crm/public.deals" }))).toBeUndefined();
  });

  it("leaves a run as it is when it registers again", async () => {
    const control = await harness();
    await control.register(run("a"));
    await control.transition({ runId: "a", from: ["preflight"], to: "expand", at: "2026-01-05T09:01:00.000Z" });
    expect(await control.register(run("a"))).toBeUndefined();
    expect((await control.run("a"))?.phase).toBe("expand");
  });

  it("gives a released table to the next run, and not to the same one again", async () => {
    const control = await harness();
    await control.register(run("a"));
    await control.release("a");
    await control.release("a");
    expect(await control.register(run("a"))).toBeUndefined();
    expect(await control.register(run("b"))).toBeUndefined();
    expect(await control.register(run("a"))).toEqual(run("b"));
  });

  it("does not release a table that another run holds", async () => {
    const control = await harness();
    await control.register(run("a"));
    await control.release("a");
    await control.register(run("b"));
    await control.release("a");
    await control.release("never-registered");
    expect(await control.register(run("c"))).toEqual(run("b"));
  });

  it("lists the newest runs first, at most as many as asked for", async () => {
    const control = await harness();
    for (const [index, runId] of ["b", "d", "a", "c"].entries()) {
      await control.register(
        run(runId, { table: `crm/public.${runId}`, startedAt: `2026-01-0${String(index + 1)}T09:00:00.000Z` }),
      );
    }
    expect((await control.runs(10)).map(({ runId }) => runId)).toEqual(["c", "a", "d", "b"]);
    expect((await control.runs(2)).map(({ runId }) => runId)).toEqual(["c", "a"]);
  });
}

function takingOver(harness: () => Promise<Control>): void {
  it("takes a table over from the run that is named, and from no other", async () => {
    const control = await harness();
    await control.register(run("dead"));
    expect(await control.takeOver(run("b"), "somebody-else")).toEqual(run("dead"));
    expect(await control.run("b")).toBeUndefined();
    expect(await control.takeOver(run("b"), "dead")).toBeUndefined();
    expect(await control.run("b")).toEqual(run("b"));
    expect(await control.register(run("c"))).toEqual(run("b"));
  });

  it("changes nothing when the same take-over is called again", async () => {
    const control = await harness();
    await control.register(run("dead"));
    await control.takeOver(run("b"), "dead");
    expect(await control.takeOver(run("b"), "dead")).toBeUndefined();
    expect((await control.runs(10)).map(({ runId }) => runId)).toEqual(["dead", "b"]);
  });

  it("takes a table that was given free in the meantime", async () => {
    const control = await harness();
    await control.register(run("dead"));
    await control.release("dead");
    expect(await control.takeOver(run("b"), "dead")).toBeUndefined();
    expect(await control.register(run("c"))).toEqual(run("b"));
  });

  it("no longer lets the old holder release the table", async () => {
    const control = await harness();
    await control.register(run("dead"));
    await control.takeOver(run("b"), "dead");
    await control.release("dead");
    expect(await control.register(run("c"))).toEqual(run("b"));
  });
}

function takingBack(harness: () => Promise<Control>): void {
  it("gives a table back to a run that let go of it, once and again", async () => {
    const control = await harness();
    await control.register(run("a"));
    await control.release("a");
    expect(await control.retake("a")).toBeUndefined();
    expect(await control.retake("a")).toBeUndefined();
    expect(await control.holder(TABLE)).toEqual(run("a"));
  });

  it("does not release what was retaken, nor give back what was not: each way ends by its own end", async () => {
    const control = await harness();
    await control.register(run("a"));
    await control.giveBack("a");
    expect(await control.holder(TABLE)).toEqual(run("a"));
    await control.release("a");
    await control.retake("a");
    await control.release("a");
    expect(await control.holder(TABLE)).toEqual(run("a"));
    await control.giveBack("a");
    expect(await control.holder(TABLE)).toBeUndefined();
    expect(await control.register(run("b"))).toBeUndefined();
    await control.release("b");
    expect(await control.holder(TABLE)).toBeUndefined();
  });

  it("gives no table back that another run holds by now", async () => {
    const control = await harness();
    await control.register(run("a"));
    await control.release("a");
    await control.register(run("b"));
    expect(await control.retake("a")).toEqual(run("b"));
    expect(await control.holder(TABLE)).toEqual(run("b"));
  });

  it("gives nothing to a run that it does not know", async () => {
    const control = await harness();
    await expect(control.retake("a")).rejects.toThrow(NotFound);
  });
}

const PAUSE = { by: "arn:aws:iam::000000000000:user/ann", at: "2026-01-05T09:30:00.000Z", reason: "a sale" };
const END = { resumedBy: "arn:aws:iam::000000000000:user/bob", resumedAt: "2026-01-05T09:40:00.000Z" };

function pauses(harness: () => Promise<Control>): void {
  it("pauses a run, and says by whom, since when and why", async () => {
    const control = await harness();
    await control.register(run("a"));
    expect(await control.pause("a", PAUSE, REVERSIBLE)).toEqual(run("a", { paused: PAUSE }));
    expect(await control.run("a")).toEqual(run("a", { paused: PAUSE }));
  });

  it("keeps the first pause", async () => {
    const control = await harness();
    await control.register(run("a", { paused: PAUSE }));
    const again = await control.pause("a", { ...PAUSE, by: "somebody else" }, REVERSIBLE);
    expect(again.paused).toEqual(PAUSE);
  });

  it("pauses no run in another phase", async () => {
    const control = await harness();
    await control.register(run("a", { phase: "contract" }));
    expect(await control.pause("a", PAUSE, REVERSIBLE)).toEqual(run("a", { phase: "contract" }));
  });

  it("ends a pause, says what was, and remembers who ended it", async () => {
    const control = await harness();
    await control.register(run("a"));
    await control.pause("a", PAUSE, REVERSIBLE);
    expect(await control.resume("a", END)).toEqual(run("a", { paused: PAUSE }));
    const resumed = run("a", { lastPause: { ...PAUSE, ...END } });
    expect(await control.run("a")).toEqual(resumed);
    expect(await control.resume("a", { ...END, resumedBy: "somebody else" })).toEqual(resumed);
    expect(await control.run("a")).toEqual(resumed);
  });

  it("pauses a run anew", async () => {
    const control = await harness();
    await control.register(run("a"));
    await control.pause("a", PAUSE, REVERSIBLE);
    await control.resume("a", END);
    const second = { ...PAUSE, at: "2026-01-05T09:50:00.000Z" };
    const paused = await control.pause("a", second, REVERSIBLE);
    expect(paused).toEqual(run("a", { paused: second, lastPause: { ...PAUSE, ...END } }));
  });

  it("leaves a paused run in its phase where the change asks for that, and moves it where not", async () => {
    const control = await harness();
    await control.register(run("a", { phase: "cooling", paused: PAUSE }));
    expect(await control.transition({ ...contract("a"), unlessPaused: true })).toMatchObject({ phase: "cooling" });
    await control.resume("a", END);
    expect(await control.transition({ ...contract("a"), unlessPaused: true })).toMatchObject({ phase: "contract" });
    await control.register(run("b", { phase: "expand", paused: PAUSE, table: "crm/public.deals" }));
    const on = { runId: "b", from: ["expand"], to: "backfill", at: "2026-01-05T09:45:00.000Z" } as const;
    expect(await control.transition(on)).toMatchObject({ phase: "backfill", paused: PAUSE });
  });

  it("rolls a paused run back, which is paused no more", async () => {
    const control = await harness();
    await control.register(run("a", { paused: PAUSE }));
    const { phase, paused } = await control.transition(rollback("a", "the alarm"));
    expect({ phase, paused }).toEqual({ phase: "rolled-back", paused: undefined });
  });

  it("knows a run by name when it pauses or resumes", async () => {
    const control = await harness();
    await expect(control.pause("a", PAUSE, REVERSIBLE)).rejects.toThrow(NotFound);
    await expect(control.resume("a", END)).rejects.toThrow(NotFound);
  });
}

function guards(harness: () => Promise<Control>): void {
  it("finds the runs that name an alarm, by the whole name, in the phases asked for", async () => {
    const control = await harness();
    const guarded = (runId: string, alarms: readonly string[], phase: RunRecord["phase"]) =>
      control.register(run(runId, { alarms, phase, table: `crm/public.${runId}` }));
    await guarded("a", ["errors", "latency"], "backfill");
    await guarded("b", ["errors-of-another"], "backfill");
    await guarded("c", ["latency"], "cooling");
    await guarded("d", ["latency"], "done");
    await guarded("e", ["latency"], "contract");
    const found = async (alarm: string, phases: readonly RunRecord["phase"][]) =>
      (await control.guardedBy(alarm, phases)).map(({ runId }) => runId).sort();
    expect(await found("latency", REVERSIBLE)).toEqual(["a", "c"]);
    expect(await found("errors", REVERSIBLE)).toEqual(["a"]);
    expect(await found("latency", ["contract"])).toEqual(["e"]);
    expect(await found("unheard-of", REVERSIBLE)).toEqual([]);
    expect(await control.guardedBy("errors", ["backfill"])).toEqual([
      run("a", { alarms: ["errors", "latency"], phase: "backfill", table: "crm/public.a" }),
    ]);
  });
}

function starters(harness: () => Promise<Control>): void {
  it("notes the first who starts a run of a name", async () => {
    const control = await harness();
    expect(await control.starter("a")).toBeUndefined();
    await control.nameStarter("a", "ann");
    await control.nameStarter("a", "bob");
    await control.nameStarter("b", "bob");
    expect([await control.starter("a"), await control.starter("b")]).toEqual(["ann", "bob"]);
  });

  it("keeps who started a run with the run", async () => {
    const control = await harness();
    await control.register(run("a", { startedBy: "ann" }));
    expect((await control.run("a"))?.startedBy).toBe("ann");
  });
}

function transitions(harness: () => Promise<Control>): void {
  it("moves a run from one of the phases asked for, and says when", async () => {
    const control = await harness();
    await control.register(run("a"));
    const at = "2026-01-05T09:05:00.000Z";
    const moved = await control.transition({ runId: "a", from: ["preflight", "expand"], to: "expand", at });
    expect(moved).toEqual(run("a", { phase: "expand", updatedAt: at }));
    expect(await control.run("a")).toEqual(moved);
  });

  it("leaves a run in any other phase as it is", async () => {
    const control = await harness();
    const soaking = run("a", { phase: "soak" });
    await control.register(soaking);
    expect(await control.transition(contract("a"))).toEqual(soaking);
    expect(await control.run("a")).toEqual(soaking);
  });

  it("keeps the first reason when a rollback is claimed again", async () => {
    const control = await harness();
    await control.register(run("a", { phase: "cutover" }));
    const first = await control.transition(rollback("a", "the alarm"));
    expect(first).toMatchObject({ phase: "rolled-back", reason: "the alarm" });
    expect(await control.transition(rollback("a", "a person"))).toEqual(first);
  });

  it("refuses to move a run that it does not know", async () => {
    const control = await harness();
    await expect(control.transition(contract("a"))).rejects.toThrow(NotFound);
  });
}

function concurrency(harness: () => Promise<Control>): void {
  it("lets one of many runs have a table", async () => {
    const control = await harness();
    const ids = Array.from({ length: 12 }, (_, index) => `r${String(index)}`);
    const holders = await Promise.all(ids.map((runId) => control.register(run(runId))));
    const winners = ids.filter((_, index) => holders[index] === undefined);
    expect(winners).toHaveLength(1);
    expect(new Set(holders.filter((holder) => holder !== undefined).map(({ runId }) => runId))).toEqual(
      new Set(winners),
    );
    expect(await control.runs(100)).toHaveLength(1);
  });

  it("lets one of many runs take a dead run's table over", async () => {
    const control = await harness();
    await control.register(run("dead"));
    const ids = Array.from({ length: 12 }, (_, index) => `r${String(index)}`);
    const holders = await Promise.all(ids.map((runId) => control.takeOver(run(runId), "dead")));
    expect(holders.filter((holder) => holder === undefined)).toHaveLength(1);
    expect(await control.runs(100)).toHaveLength(2);
  });

  it("lets rollback or contract win, never both, whoever calls first", async () => {
    const control = await harness();
    for (let round = 0; round < 10; round++) {
      const runId = `r${String(round)}`;
      await control.register(run(runId, { phase: "cooling", table: `crm/public.t${String(round)}` }));
      const changes = Array.from({ length: 8 }, (_, index) =>
        (index + round) % 2 === 0 ? contract(runId) : rollback(runId, "the alarm"),
      );
      const seen = await Promise.all(changes.map((change) => control.transition(change)));
      const final = (await control.run(runId))?.phase;
      expect(["contract", "rolled-back"]).toContain(final);
      expect(new Set(seen.map(({ phase }) => phase))).toEqual(new Set([final]));
    }
  });

  it("lets one of many pause a run, and one of many end it", async () => {
    const control = await harness();
    await control.register(run("a"));
    const people = Array.from({ length: 20 }, (_, index) => `p${String(index)}`);
    const seen = await Promise.all(people.map((by) => control.pause("a", { ...PAUSE, by }, REVERSIBLE)));
    const pausedBy = new Set(seen.map(({ paused }) => paused?.by));
    expect(pausedBy.size).toBe(1);
    const ended = await Promise.all(people.map((resumedBy) => control.resume("a", { ...END, resumedBy })));
    expect(ended.filter(({ paused }) => paused !== undefined)).toHaveLength(1);
    const { paused, lastPause } = (await control.run("a")) ?? {};
    expect(paused).toBeUndefined();
    expect(pausedBy).toContain(lastPause?.by);
  });

  it("lets contract or a pause win, never both", async () => {
    const control = await harness();
    for (let round = 0; round < 10; round++) {
      const runId = `r${String(round)}`;
      await control.register(run(runId, { phase: "cooling", table: `crm/public.t${String(round)}` }));
      await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          (index + round) % 2 === 0
            ? control.pause(runId, PAUSE, REVERSIBLE)
            : control.transition({ ...contract(runId), unlessPaused: true }),
        ),
      );
      const { phase, paused } = (await control.run(runId)) ?? {};
      expect([phase, paused === undefined]).toEqual(phase === "contract" ? ["contract", true] : ["cooling", false]);
    }
  });

  it("gives a free table to a run that takes it back or to a new one, never to both", async () => {
    const control = await harness();
    for (let round = 0; round < 10; round++) {
      const [old, fresh, table] = [`old${String(round)}`, `new${String(round)}`, `crm/public.t${String(round)}`];
      await control.register(run(old, { table }));
      await control.release(old);
      const [taken, registered] = await Promise.all([control.retake(old), control.register(run(fresh, { table }))]);
      const holder = (await control.holder(table))?.runId;
      expect([taken?.runId, registered?.runId]).toEqual(holder === old ? [undefined, old] : [fresh, undefined]);
    }
  });
}
