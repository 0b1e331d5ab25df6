import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { GateFailed, RunSuperseded, ServiceRefused, ServiceUnavailable } from "../../../core/errors.ts";
import { GATES, type GateName } from "../../../core/gates/gate-names.ts";
import type { MigrationInput } from "../../../core/migration/schema.ts";
import type { Phase } from "../../../core/plan/phases.ts";
import { gate } from "../../../core/gates/gate.ts";
import type { GateEvaluation } from "../../../core/gates/evaluation.ts";
import { pausable } from "../../../core/run/pausable.ts";
import type { StepResult } from "../../../core/run/step-result.ts";
import { freshDatabase, type FreshDatabase } from "../../support/postgres.ts";
import { createContacts, MIGRATION, Stage } from "../run/stage.ts";

type Gates = NonNullable<MigrationInput["gates"]>;

const NAME: GateName = "before_cutover";
const AWAY = new ServiceUnavailable({ object: "CloudWatch", problem: "does not answer", remedy: "Retry" });
const REFUSED = new ServiceRefused({ object: "CloudWatch", problem: "refused the call", remedy: "Allow it" });

let fresh: FreshDatabase;
let stage: Stage;

beforeAll(async () => {
  fresh = await freshDatabase();
  await createContacts(fresh);
});

afterAll(() => fresh.close());

beforeEach(async () => {
  stage = await standAt();
});

/** A run that stands before its cutover, with these of its gates changed. */
async function standAt(gates: Partial<Gates> = {}, phase: Phase = "validate"): Promise<Stage> {
  const begun = await Stage.begin(fresh, { gates: { ...MIGRATION.gates, ...gates } });
  return phase === "preflight" ? begun : begun.reach(phase);
}

const poll = (name: GateName = NAME): Promise<StepResult> => gate(stage.ports, stage.run, { gate: name });

/** The statuses that the ledger has of a gate, in order. */
async function statuses(name = NAME): Promise<string[]> {
  const { rows } = await fresh.client.query<{ status: string }>(
    `SELECT detail ->> 'status' AS status FROM sluice.event
     WHERE run_id = $1 AND kind = 'gate' AND subject = $2 ORDER BY id`,
    [stage.run.ref.id, name],
  );
  return rows.map(({ status }) => status);
}

describe("a gate that asks for the guard's alarms", () => {
  it("passes when every alarm is OK now, and says what it read", async () => {
    const reading = { kind: "alarm", value: "OK", threshold: "OK", status: "pass", reason: "" } as const;
    expect(await poll()).toEqual({
      status: "done",
      message: "2 conditions pass",
      gate: {
        gate: NAME,
        status: "pass",
        readings: [
          { ...reading, name: "crm-errors" },
          { ...reading, name: "crm-latency" },
        ],
        stableSeconds: 0,
        stableForSeconds: 0,
        waitedSeconds: 0,
        timeoutSeconds: 300,
      } satisfies GateEvaluation,
    });
  });

  it("passes where the plan names nothing", async () => {
    stage = await standAt({ alarms: [] });
    expect(await poll()).toMatchObject({ status: "done", message: "0 conditions pass" });
  });

  it.each(["INSUFFICIENT_DATA", "missing"] as const)("waits while an alarm is %s", async (state) => {
    stage.alarms.set("crm-latency", state);
    expect(await poll()).toMatchObject({
      status: "wait",
      waitSeconds: 20,
      message: expect.stringMatching(
        new RegExp(`^waiting for \\d s of 300 s: alarm "crm-latency" is ${state}$`),
      ) as string,
      gate: { status: "wait" },
    });
  });

  it("fails at once when an alarm fires, whatever the phase", async () => {
    stage.alarms.set("crm-latency", "ALARM");
    await expect(poll()).rejects.toThrow(GateFailed);
    await expect(poll()).rejects.toThrow(/gate before_cutover: alarm "crm-latency" is ALARM/);
    expect(await statuses()).toEqual(["fail", "fail"]);
  });

  it("counts an alarm that the answer leaves out as missing", async () => {
    vi.spyOn(stage.alarms, "states").mockResolvedValue(new Map([["crm-errors", { state: "OK" }]]));
    expect(await poll()).toMatchObject({ status: "wait", message: /alarm "crm-latency" is missing/ });
  });

  it.each([AWAY, REFUSED])("waits, and says why, where the alarms cannot be read: $details.problem", async (error) => {
    vi.spyOn(stage.alarms, "states").mockRejectedValue(error);
    const said = `alarm "crm-errors" cannot be read: ${error.details.problem}`;
    expect(await poll()).toMatchObject({ status: "wait", message: expect.stringContaining(said) as string });
    expect(await poll()).toMatchObject({ gate: { readings: [{ value: "unreadable" }, { value: "unreadable" }] } });
    await stage.pass(300);
    await expect(poll()).rejects.toThrow(GateFailed);
  });

  it("does not take a fault of ours for a reading", async () => {
    vi.spyOn(stage.alarms, "states").mockRejectedValue(new TypeError("undefined is not a function"));
    await expect(poll()).rejects.toThrow(TypeError);
    expect(await statuses()).toEqual([]);
  });

  it("polls less often where it may wait for days, so that the execution's history has room for it", async () => {
    stage = await standAt({ timeout: "10d" });
    stage.alarms.set("crm-latency", "INSUFFICIENT_DATA");
    expect(await poll()).toMatchObject({ status: "wait", waitSeconds: 7_200 });
  });
});

it("takes its ports one by one: those of a function are made when they are first asked for", async () => {
  const lazy = Object.create(stage.ports) as typeof stage.ports;
  expect(await gate(lazy, stage.run, { gate: NAME })).toMatchObject({ status: "done" });
});

it("polls less often at a gate that has had many polls: it is asked at each step, or resumed again and again", async () => {
  stage.alarms.set("crm-latency", "INSUFFICIENT_DATA");
  expect(await poll()).toMatchObject({ status: "wait", waitSeconds: 20 });
  await fresh.client.query(
    `INSERT INTO sluice.event (run_id, kind, subject, detail)
     SELECT $1, 'gate', $2, '{"status": "pass", "readings": []}' FROM generate_series(1, 360)`,
    [stage.run.ref.id, NAME],
  );
  expect(await poll()).toMatchObject({ status: "wait", waitSeconds: 300 / 12 });
});

describe("a gate that waits", () => {
  beforeEach(() => {
    stage.alarms.set("crm-errors", "INSUFFICIENT_DATA");
  });

  it("passes when everything passes again", async () => {
    await poll();
    stage.alarms.set("crm-errors", "OK");
    expect((await poll()).status).toBe("done");
    expect(await statuses()).toEqual(["wait", "pass"]);
  });

  it("fails when it has waited for its timeout, and names every condition that does not pass", async () => {
    stage.alarms.set("crm-latency", "missing");
    await poll();
    await stage.pass(270);
    expect(await poll()).toMatchObject({ status: "wait", message: /^waiting for 27\d s of 300 s/ });
    await stage.pass(30);
    await expect(poll()).rejects.toThrow(GateFailed);
    await expect(poll()).rejects.toThrow(/"crm-errors" is INSUFFICIENT_DATA, alarm "crm-latency" is missing/);
  });

  it("knows how long it has waited for hours, although every call may be by another process", async () => {
    stage = await standAt({ timeout: "12h" });
    stage.alarms.set("crm-errors", "INSUFFICIENT_DATA");
    await poll();
    for (let hour = 1; hour < 12; hour += 1) {
      await stage.pass(3_600);
      const result = await poll();
      expect(result).toMatchObject({ status: "wait", gate: { timeoutSeconds: 43_200 } });
      expect(Math.floor((result.gate?.waitedSeconds ?? 0) / 3_600)).toBe(hour);
    }
    await stage.pass(3_600);
    await expect(poll()).rejects.toThrow(GateFailed);
  });

  it("counts a wait from its own beginning, not from one that a pass has ended", async () => {
    await poll();
    await stage.pass(280);
    stage.alarms.set("crm-errors", "OK");
    expect((await poll()).status).toBe("done");
    stage.alarms.set("crm-errors", "INSUFFICIENT_DATA");
    await stage.pass(30);
    expect(await poll()).toMatchObject({ status: "wait", message: /waiting for \d s of 300 s/ });
  });

  it("has all of its time again after a pause: nothing was evaluated while that lasted", async () => {
    await poll();
    await stage.pass(299);
    const { id } = stage.run.ref;
    const pause = { by: "maria", at: stage.clock.now().toISOString(), reason: "lunch" };
    await stage.registry.pause(id, pause, ["validate"]);
    const step = pausable(gate);
    expect(await step(stage.ports, stage.run, { gate: NAME })).toMatchObject({ status: "callback", message: /lunch/ });
    await stage.pass(3_600);
    await stage.registry.resume(id, { resumedBy: "maria", resumedAt: stage.clock.now().toISOString() });
    expect(await step(stage.ports, stage.run, { gate: NAME })).toMatchObject({
      status: "wait",
      message: /waiting for \d s of 300 s/,
    });
    await stage.pass(300);
    await expect(step(stage.ports, stage.run, { gate: NAME })).rejects.toThrow(GateFailed);
  });

  it("knows its own times alone, not those of another gate or another run", async () => {
    await poll();
    const { id } = stage.run.ref;
    await fresh.client.query(`UPDATE sluice.event SET subject = 'before_soak' WHERE run_id = $1`, [id]);
    await stage.pass(400);
    expect(await poll()).toMatchObject({ message: /waiting for \d s/ });
  });
});

describe("a gate that must be stable for a while", () => {
  beforeEach(async () => {
    stage = await standAt({ before_cutover: { stable_for: "10m" } });
  });

  it("passes when everything has passed for that long without a break, and not before", async () => {
    expect(await poll()).toMatchObject({
      status: "wait",
      waitSeconds: 20,
      message: /^everything has passed for \d s of 600 s$/,
    });
    await stage.pass(590);
    const last = await poll();
    expect(last).toMatchObject({ status: "wait", message: /^everything has passed for 59\d s of 600 s$/ });
    expect("waitSeconds" in last && last.waitSeconds).toBeLessThanOrEqual(10);
    await stage.pass(10);
    expect(await poll()).toMatchObject({ status: "done" });
  });

  it("takes that time for no wait: it may be longer than the timeout", async () => {
    await poll();
    await stage.pass(400);
    expect(await poll()).toMatchObject({ status: "wait", gate: { waitedSeconds: 0, timeoutSeconds: 300 } });
  });

  it("begins anew after a break", async () => {
    await poll();
    await stage.pass(500);
    stage.alarms.set("crm-errors", "INSUFFICIENT_DATA");
    expect(await poll()).toMatchObject({ message: /^waiting for \d s of 300 s/, gate: { stableSeconds: 0 } });
    stage.alarms.set("crm-errors", "OK");
    await stage.pass(20);
    expect(await poll()).toMatchObject({ message: /^everything has passed for \d s of 600 s$/ });
    await stage.pass(590);
    expect((await poll()).status).toBe("wait");
    await stage.pass(10);
    expect((await poll()).status).toBe("done");
  });

  it("begins anew after a pause", async () => {
    await poll();
    await stage.pass(599);
    await fresh.client.query(`INSERT INTO sluice.event (run_id, kind, subject) VALUES ($1, 'resumed', 'now')`, [
      stage.run.ref.id,
    ]);
    await stage.pass(10);
    expect(await poll()).toMatchObject({ message: /^everything has passed for \d s of 600 s$/ });
  });

  it("is a plain soak where it asks for nothing else", async () => {
    stage = await standAt({ alarms: [], before_cutover: { stable_for: "2m" } });
    expect(await poll()).toMatchObject({ status: "wait" });
    await stage.pass(120);
    expect(await poll()).toMatchObject({ status: "done", message: "0 conditions pass" });
  });

  it("fails when what comes and goes has been away for its timeout in all", async () => {
    await poll();
    for (const state of ["INSUFFICIENT_DATA", "OK", "INSUFFICIENT_DATA", "OK"] as const) {
      stage.alarms.set("crm-errors", state);
      await poll();
      await stage.pass(140);
    }
    stage.alarms.set("crm-errors", "INSUFFICIENT_DATA");
    expect(await poll()).toMatchObject({ status: "wait", message: /^waiting for 28\d s of 300 s/ });
    await stage.pass(20);
    await expect(poll()).rejects.toThrow(GateFailed);
  });

  it("fails at a break after both of its times: short ones would let it wait for ever", async () => {
    await poll();
    for (let minute = 0; minute < 15; minute += 1) {
      stage.alarms.set("crm-errors", "INSUFFICIENT_DATA");
      expect((await poll()).status).toBe("wait");
      await stage.pass(1);
      stage.alarms.set("crm-errors", "OK");
      expect((await poll()).status).toBe("wait");
      await stage.pass(60);
    }
    stage.alarms.set("crm-errors", "INSUFFICIENT_DATA");
    await expect(poll()).rejects.toThrow(GateFailed);
  });

  it("does not soak again at each further step of the cutover, unless there was a break", async () => {
    stage = await standAt({ between_steps: { stable_for: "10m" } }, "cutover");
    await poll("between_steps");
    await stage.pass(600);
    expect((await poll("between_steps")).status).toBe("done");
    await stage.pass(600);
    expect((await poll("between_steps")).status).toBe("done");
    stage.alarms.set("crm-errors", "INSUFFICIENT_DATA");
    await poll("between_steps");
    stage.alarms.set("crm-errors", "OK");
    expect((await poll("between_steps")).status).toBe("wait");
  });
});

describe("a gate whose alarms must have been OK for a while", () => {
  beforeEach(async () => {
    stage = await standAt({ alarms: [], before_cutover: { alarms: { names: ["crm-errors"], ok_for: "5m" } } });
  });

  it("waits until they have", async () => {
    stage.alarms.set("crm-errors", "OK", new Date(stage.clock.now().getTime() - 250_000));
    expect(await poll()).toMatchObject({
      status: "wait",
      message: /: alarm "crm-errors" is OK, and must be for (4\d|50) s more$/,
      gate: { readings: [{ value: "OK", threshold: "OK for 300 s", status: "wait" }] },
    });
    await stage.pass(50);
    expect((await poll()).status).toBe("done");
  });

  it("waits where CloudWatch does not say since when", async () => {
    stage.alarms.set("crm-errors", "OK", null);
    expect(await poll()).toMatchObject({ status: "wait", message: /is OK, but CloudWatch does not say since when$/ });
  });

  it("is not misled by an alarm that changed in the future of its own clock", async () => {
    stage.alarms.set("crm-errors", "OK", new Date(stage.clock.now().getTime() + 60_000));
    expect(await poll()).toMatchObject({ status: "wait", message: /and must be for 300 s more$/ });
  });

  it("asks for the guard's alarms as they are now, however long they have been so", async () => {
    stage = await standAt({ before_cutover: { alarms: { names: ["crm-latency"], ok_for: "5m" } } });
    stage.alarms.set("crm-errors", "OK");
    stage.alarms.set("crm-latency", "OK", new Date(0));
    expect((await poll()).status).toBe("done");
  });
});

describe("a gate that fails, and is to pause the run", () => {
  beforeEach(async () => {
    stage = await standAt({ before_cutover: { on_fail: "pause" } });
    stage.alarms.set("crm-errors", "ALARM");
  });

  it("pauses it, tells people how to go on, and stands by", async () => {
    const { id } = stage.run.ref;
    expect(await poll()).toMatchObject({
      status: "callback",
      waitSeconds: 86_400,
      message: /^paused by gate before_cutover since .*: alarm "crm-errors" is ALARM$/,
      gate: { status: "fail" },
    });
    expect((await stage.registry.run(id))?.paused).toEqual({
      by: "gate before_cutover",
      at: expect.any(String) as string,
      reason: 'alarm "crm-errors" is ALARM',
    });
    expect(await stage.phase()).toBe("validate");
    expect(stage.notifier.messages).toHaveLength(1);
    const [message] = stage.notifier.messages;
    expect(message?.subject).toBe("Sluice: contact-channel is paused at gate before_cutover");
    expect(message?.body).toContain('Why: alarm "crm-errors" is ALARM');
    expect(message?.body).toContain(`npx sluice resume ${id}`);
    expect(message?.body).toContain(`npx sluice rollback ${id}`);
    const { rows } = await fresh.client.query(`SELECT detail FROM sluice.event WHERE run_id = $1 AND kind = 'paused'`, [
      id,
    ]);
    expect(rows).toMatchObject([{ detail: { by: "gate before_cutover" } }]);
  });

  it("is asked anew when a person has resumed the run, with all of its time", async () => {
    await poll();
    stage.alarms.set("crm-errors", "INSUFFICIENT_DATA");
    await stage.pass(3_600);
    await stage.registry.resume(stage.run.ref.id, { resumedBy: "maria", resumedAt: stage.clock.now().toISOString() });
    const step = pausable(gate);
    expect(await step(stage.ports, stage.run, { gate: NAME })).toMatchObject({ message: /waiting for \d s of 300 s/ });
    await stage.pass(300);
    expect(await step(stage.ports, stage.run, { gate: NAME })).toMatchObject({ status: "callback" });
    expect(stage.notifier.messages).toHaveLength(2);
  });

  it("tells people although it died before it had paused the run", async () => {
    vi.spyOn(stage.registry, "pause").mockRejectedValueOnce(AWAY);
    await expect(poll()).rejects.toBe(AWAY);
    expect(stage.notifier.messages).toHaveLength(1);
    expect((await poll()).status).toBe("callback");
    expect((await stage.registry.run(stage.run.ref.id))?.paused).toBeDefined();
  });

  it("leaves a person's pause as it is", async () => {
    const pause = { by: "maria", at: stage.clock.now().toISOString(), reason: "lunch" };
    await stage.registry.pause(stage.run.ref.id, pause, ["validate"]);
    expect(await poll()).toMatchObject({ status: "callback", message: /paused by maria/ });
  });

  it("pauses no run that was rolled back meanwhile", async () => {
    const { notify } = stage.notifier;
    vi.spyOn(stage.notifier, "notify").mockImplementationOnce(async (message) => {
      await stage.rollBack();
      return notify.call(stage.notifier, message);
    });
    await expect(poll()).rejects.toThrow(RunSuperseded);
  });
});

describe("every gate", () => {
  const ASKED_IN: Record<GateName, Phase> = {
    before_expand: "preflight",
    before_backfill: "expand",
    before_validate: "backfill",
    before_cutover: "validate",
    between_steps: "cutover",
    before_soak: "cutover",
    before_cooling: "soak",
    before_contract: "cooling",
  };

  it.each(GATES)("%s is asked in its phase alone", async (name) => {
    stage = await standAt({}, ASKED_IN[name]);
    expect((await poll(name)).status).toBe("done");
    stage = await standAt({}, ASKED_IN[name] === "expand" ? "backfill" : "expand");
    await expect(poll(name)).rejects.toThrow(RunSuperseded);
    expect(await statuses(name)).toEqual([]);
  });

  it("is asked no more when the run was rolled back", async () => {
    await stage.rollBack();
    await expect(poll()).rejects.toThrow(RunSuperseded);
    await expect(poll()).rejects.toThrow(/was rolled back \(asked\)/i);
  });

  it("asks for its own conditions, and for no other gate's", async () => {
    stage = await standAt({ before_soak: { sql: [{ name: "never", holds: "false" }] } });
    expect((await poll()).status).toBe("done");
  });

  it("writes every evaluation to the ledger, with all that it read", async () => {
    stage.alarms.set("crm-errors", "INSUFFICIENT_DATA");
    const results = [await poll()];
    stage.alarms.set("crm-errors", "OK");
    results.push(await poll());
    const { rows } = await fresh.client.query(
      `SELECT subject, detail FROM sluice.event WHERE run_id = $1 AND kind = 'gate' ORDER BY id`,
      [stage.run.ref.id],
    );
    expect(rows).toEqual(results.map((result) => ({ subject: NAME, detail: result.gate })));
  });
});
