import { readdirSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DatabaseUnavailable } from "../../../core/errors.ts";
import type { Database } from "../../../core/ports.ts";
import { pausable } from "../../../core/run/pausable.ts";
import { waitForCallback } from "../../../core/run/wait-for-callback.ts";
import { done } from "../../../core/run/step-result.ts";
import { FakeCallbacks } from "../../support/fakes.ts";
import { freshDatabase, type FreshDatabase } from "../../support/postgres.ts";
import { createContacts, Stage } from "./stage.ts";

const FIRST = { by: "arn:aws:iam::000000000000:user/ann", at: "2026-01-05T09:00:00.000Z", reason: "the sale begins" };
const SECOND = { ...FIRST, at: "2026-01-05T11:00:00.000Z", reason: "again" };
const END = { resumedBy: "arn:aws:iam::000000000000:user/bob", resumedAt: "2026-01-05T10:00:00.000Z" };

let fresh: FreshDatabase;
beforeAll(async () => {
  fresh = await freshDatabase();
  await createContacts(fresh);
});
afterAll(() => fresh.close());

/** A step that counts its calls. */
function counted(): { readonly calls: () => number; readonly step: ReturnType<typeof pausable> } {
  let calls = 0;
  const step = pausable(() => {
    calls += 1;
    return Promise.resolve(done("worked"));
  });
  return { calls: () => calls, step };
}

async function pauses({ run }: Stage): Promise<readonly { kind: string; subject: string; detail: unknown }[]> {
  const { rows } = await fresh.client.query(
    `SELECT kind, subject, detail FROM sluice.event
     WHERE run_id = $1 AND kind IN ('paused', 'resumed') ORDER BY id`,
    [run.ref.id],
  );
  return rows;
}

const begun = (pause: typeof FIRST) => ({ kind: "paused", subject: pause.at, detail: pause });
const ended = (pause: typeof FIRST) => ({
  kind: "resumed",
  subject: pause.at,
  detail: { by: END.resumedBy, at: END.resumedAt },
});

/** A database that does not answer. */
const SILENT: Database = {
  execute: () => Promise.reject(silence()),
  executeLong: () => Promise.reject(silence()),
  transaction: () => Promise.reject(silence()),
};
const silence = (): DatabaseUnavailable =>
  new DatabaseUnavailable({ object: "database", problem: "does not answer", remedy: "Retry" });

describe("a pausable step", () => {
  it("works while the run is not paused, and writes nothing", async () => {
    const stage = await Stage.begin(fresh);
    const { calls, step } = counted();
    expect(await step({ ...stage.ports, database: SILENT }, stage.run, {})).toEqual(done("worked"));
    expect(calls()).toBe(1);
  });

  it("stands by for a day while the run is paused, and says who paused it, when and why", async () => {
    const stage = await Stage.begin(fresh);
    await stage.registry.pause(stage.run.ref.id, FIRST, ["preflight"]);
    const { calls, step } = counted();
    expect(await step(stage.ports, stage.run, {})).toEqual({
      status: "callback",
      waitSeconds: 86_400,
      message: `paused by ${FIRST.by} since ${FIRST.at}: the sale begins`,
    });
    expect(calls()).toBe(0);
  });

  it("writes down a pause once, however many workers meet it, and its end before the work goes on", async () => {
    const stage = await Stage.begin(fresh);
    const { run, registry, ports } = stage;
    const { step } = counted();
    await registry.pause(run.ref.id, FIRST, ["preflight"]);
    await Promise.all(Array.from({ length: 8 }, () => step(ports, run, {})));
    expect(await pauses(stage)).toEqual([begun(FIRST)]);
    await registry.resume(run.ref.id, END);
    const seen: unknown[] = [];
    const working = pausable(async () => {
      seen.push(await pauses(stage));
      return done("worked");
    });
    await Promise.all(Array.from({ length: 8 }, () => working(ports, run, {})));
    expect(seen[0]).toEqual([begun(FIRST), ended(FIRST)]);
    expect(await pauses(stage)).toEqual([begun(FIRST), ended(FIRST)]);
  });

  it("tells each pause of a run from the one before", async () => {
    const stage = await Stage.begin(fresh);
    const { run, registry, ports } = stage;
    const { step } = counted();
    await registry.pause(run.ref.id, FIRST, ["preflight"]);
    await step(ports, run, {});
    await registry.resume(run.ref.id, END);
    // Paused anew before any step went on.
    await registry.pause(run.ref.id, SECOND, ["preflight"]);
    await step(ports, run, {});
    expect(await pauses(stage)).toEqual([begun(FIRST), ended(FIRST), begun(SECOND)]);
  });

  it("stands by though the ledger does not answer, and tells it of both ends when it goes on", async () => {
    const stage = await Stage.begin(fresh);
    const { run, registry, ports } = stage;
    const { calls, step } = counted();
    await registry.pause(run.ref.id, FIRST, ["preflight"]);
    const answer = await step({ ...ports, database: SILENT }, run, {});
    expect(answer).toMatchObject({ status: "callback", waitSeconds: 86_400 });
    expect(answer.message).toMatch(/paused by .*the ledger is to be told later: .*does not answer/);
    await registry.resume(run.ref.id, END);
    await expect(step({ ...ports, database: SILENT }, run, {})).rejects.toThrow(DatabaseUnavailable);
    expect(calls()).toBe(0);
    await step(ports, run, {});
    expect(await pauses(stage)).toEqual([begun(FIRST), ended(FIRST)]);
    expect(calls()).toBe(1);
  });

  it("hands its event on", async () => {
    const stage = await Stage.begin(fresh);
    const step = pausable((_ports: Stage["ports"], _run, { worker }: { worker: number }) =>
      Promise.resolve(done(String(worker))),
    );
    expect(await step(stage.ports, stage.run, { worker: 7 })).toEqual(done("7"));
  });

  it("does its work, and so finds out for itself, where the run was rolled back in its pause", async () => {
    const stage = await Stage.begin(fresh);
    await stage.registry.pause(stage.run.ref.id, FIRST, ["preflight"]);
    await stage.rollBack();
    const { calls, step } = counted();
    await step(stage.ports, stage.run, {});
    expect(calls()).toBe(1);
  });
});

describe("standing by", () => {
  const APPROVAL = {
    gate: "before_cutover",
    planHash: "0".repeat(64),
    requestedAt: FIRST.at,
    selfApproval: true,
  } as const;
  const inAnHour = (): string => new Date(Date.now() + 3_600_000).toISOString();
  const begin = async () => {
    const stage = await Stage.begin(fresh);
    const callbacks = new FakeCallbacks();
    return { stage, callbacks, runId: stage.run.ref.id, ports: { ...stage.ports, callbacks } };
  };

  it("keeps the token while the run is paused, and sees that the ledger knows of the pause", async () => {
    const { stage, callbacks, runId, ports } = await begin();
    await stage.registry.pause(runId, FIRST, ["preflight"]);
    await waitForCallback(ports, stage.run, "token");
    expect([callbacks.standsBy(runId), callbacks.woken]).toEqual([true, []]);
    expect(await pauses(stage)).toEqual([begun(FIRST)]);
  });

  it("keeps the token though the ledger does not answer", async () => {
    const { stage, callbacks, runId, ports } = await begin();
    await stage.registry.pause(runId, FIRST, ["preflight"]);
    await waitForCallback({ ...ports, database: SILENT }, stage.run, "token");
    expect(callbacks.standsBy(runId)).toBe(true);
  });

  it("keeps the token while an approval is asked", async () => {
    const { stage, callbacks, runId, ports } = await begin();
    await stage.approvals.request({ ...APPROVAL, runId, deadline: inAnHour() });
    await waitForCallback(ports, stage.run, "token");
    expect(callbacks.standsBy(runId)).toBe(true);
  });

  it.each(["decided", "past its deadline", "of another run"])("wakes at once where the approval is %s", async (how) => {
    const { stage, callbacks, runId, ports } = await begin();
    const deadline = how === "past its deadline" ? "2026-01-05T10:00:00.000Z" : inAnHour();
    const asking = how === "of another run" ? "another" : runId;
    await stage.approvals.request({ ...APPROVAL, runId: asking, deadline });
    const decision = { verdict: "approved", by: "ann", at: new Date().toISOString(), reason: "yes" } as const;
    if (how === "decided") await stage.approvals.decide(runId, "before_cutover", decision);
    await waitForCallback(ports, stage.run, "token");
    expect(callbacks.woken).toEqual(["token"]);
  });

  it("wakes at once where the pause ended just before the token was kept", async () => {
    const { stage, callbacks, runId, ports } = await begin();
    await stage.registry.pause(runId, FIRST, ["preflight"]);
    const late = Object.assign(Object.create(callbacks) as FakeCallbacks, {
      keep: async (run: string, token: string) => {
        await stage.registry.resume(runId, END);
        // Whoever resumed finds nothing to wake yet.
        await callbacks.wake(runId);
        return callbacks.keep(run, token);
      },
      wake: (run: string) => callbacks.wake(run),
    });
    await waitForCallback({ ...ports, callbacks: late }, stage.run, "token");
    expect(callbacks.woken).toEqual(["token"]);
  });

  it("wakes at once where nothing is waited for, and may be called again", async () => {
    const { stage, callbacks, ports } = await begin();
    await waitForCallback(ports, stage.run, "token");
    await waitForCallback(ports, stage.run, "token");
    expect(callbacks.woken).toEqual(["token", "token"]);
  });

  it("ends a run that was rolled back", async () => {
    const { stage, callbacks, runId, ports } = await begin();
    await stage.rollBack();
    await expect(waitForCallback(ports, stage.run, "token")).rejects.toThrow(/was rolled back|rolled-back/);
    expect(callbacks.standsBy(runId)).toBe(false);
  });
});

describe("the state machine", () => {
  interface State {
    readonly Type: string;
    readonly Resource?: string;
    readonly Next?: string;
    readonly Choices?: readonly { readonly StringEquals?: string; readonly Variable: string; readonly Next: string }[];
    readonly ItemProcessor?: { readonly States: States };
  }
  type States = Readonly<Record<string, State>>;
  const machine = JSON.parse(readFileSync("state-machines/migration.asl.json", "utf8")) as { readonly States: States };

  /** Of the top level and of every Map: a state may follow one of its own level only. */
  const levels = (states: States): readonly States[] => [
    states,
    ...Object.values(states).flatMap(({ ItemProcessor }) => (ItemProcessor ? levels(ItemProcessor.States) : [])),
  ];

  const pausableFiles = readdirSync("lambdas")
    .filter((file) => file.endsWith(".ts") && /\bpausable\(/.test(readFileSync(`lambdas/${file}`, "utf8")))
    .map((file) => file.slice(0, -3));
  const pascalCase = (file: string): string =>
    file.replaceAll(/(^|-)(\w)/g, (_all, _dash, c: string) => c.toUpperCase());
  const tasks = levels(machine.States).flatMap((states) =>
    Object.entries(states).flatMap(([name, state]) => {
      const file = pausableFiles.find((candidate) => state.Resource === `\${${pascalCase(candidate)}}`);
      return file === undefined ? [] : [{ name, file, state, states }];
    }),
  );

  it.each(tasks)("stands by, or ends its worker, where $name says so", ({ state, states }) => {
    const after = states[state.Next ?? ""];
    expect(after?.Type).toBe("Choice");
    const branch = after?.Choices?.find(({ StringEquals }) => StringEquals === "callback");
    expect(branch?.Variable).toBe("$.step.status");
    const target = states[branch?.Next ?? ""];
    expect([target?.Type, target?.Resource]).toEqual(
      states === machine.States
        ? ["Task", "arn:${Partition}:states:::lambda:invoke.waitForTaskToken"]
        : ["Pass", undefined],
    );
  });

  it("has a state for every pausable handler", () => {
    expect([...new Set(tasks.map(({ file }) => file))].sort()).toEqual([...pausableFiles].sort());
    expect(pausableFiles).toEqual(
      expect.arrayContaining(["backfill", "expand", "gate", "indexes", "shards", "validate"]),
    );
  });
});
