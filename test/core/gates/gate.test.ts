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

const look = (name: GateName = NAME): Promise<StepResult> => gate(stage.ports, stage.run, { gate: name });

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
    expect(await look()).toEqual({
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
    expect(await look()).toMatchObject({ status: "done", message: "0 conditions pass" });
  });

  it.each(["INSUFFICIENT_DATA", "missing"] as const)("holds while an alarm is %s", async (state) => {
    stage.alarms.set("crm-latency", state);
    expect(await look()).toMatchObject({
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
    await expect(look()).rejects.toThrow(GateFailed);
    await expect(look()).rejects.toThrow(/gate before_cutover: alarm "crm-latency" is ALARM/);
    expect(await statuses()).toEqual(["fail", "fail"]);
  });

  it("counts an alarm that the answer leaves out as missing", async () => {
    vi.spyOn(stage.alarms, "states").mockResolvedValue(new Map([["crm-errors", { state: "OK" }]]));
    expect(await look()).toMatchObject({ status: "wait", message: /alarm "crm-latency" is missing/ });
  });

  it.each([AWAY, REFUSED])("holds, and says why, where the alarms cannot be read: $details.problem", async (error) => {
    vi.spyOn(stage.alarms, "states").mockRejectedValue(error);
    const said = `alarm "crm-errors" cannot be read: ${error.details.problem}`;
    expect(await look()).toMatchObject({ status: "wait", message: expect.stringContaining(said) as string });
    expect(await look()).toMatchObject({ gate: { readings: [{ value: "unreadable" }, { value: "unreadable" }] } });
    await stage.pass(300);
    await expect(look()).rejects.toThrow(GateFailed);
  });

  it("does not take a fault of ours for a reading", async () => {
    vi.spyOn(stage.alarms, "states").mockRejectedValue(new TypeError("undefined is not a function"));
    await expect(look()).rejects.toThrow(TypeError);
    expect(await statuses()).toEqual([]);
  });

  it("looks less often where it may hold for days, so that the execution's history has room for it", async () => {
    stage = await standAt({ timeout: "10d" });
    stage.alarms.set("crm-latency", "INSUFFICIENT_DATA");
    expect(await look()).toMatchObject({ status: "wait", waitSeconds: 7_200 });
  });
});

it("looks less often at a gate that has had many looks: it is asked at each step, or resumed again and again", async () => {
  stage.alarms.set("crm-latency", "INSUFFICIENT_DATA");
  expect(await look()).toMatchObject({ status: "wait", waitSeconds: 20 });
  await fresh.client.query(
    `INSERT INTO sluice.event (run_id, kind, subject, detail)
     SELECT $1, 'gate', $2, '{"status": "pass", "readings": []}' FROM generate_series(1, 360)`,
    [stage.run.ref.id, NAME],
  );
  expect(await look()).toMatchObject({ status: "wait", waitSeconds: 300 / 12 });
});

describe("a gate that holds", () => {
  beforeEach(() => {
    stage.alarms.set("crm-errors", "INSUFFICIENT_DATA");
  });

  it("passes when everything holds again", async () => {
    await look();
    stage.alarms.set("crm-errors", "OK");
    expect((await look()).status).toBe("done");
    expect(await statuses()).toEqual(["wait", "pass"]);
  });

  it("fails when it held for its timeout, and names everything that does not hold", async () => {
    stage.alarms.set("crm-latency", "missing");
    await look();
    await stage.pass(270);
    expect(await look()).toMatchObject({ status: "wait", message: /^waiting for 27\d s of 300 s/ });
    await stage.pass(30);
    await expect(look()).rejects.toThrow(GateFailed);
    await expect(look()).rejects.toThrow(/"crm-errors" is INSUFFICIENT_DATA, alarm "crm-latency" is missing/);
  });

  it("knows how long it has held for hours, although every call may be by another process", async () => {
    stage = await standAt({ timeout: "12h" });
    stage.alarms.set("crm-errors", "INSUFFICIENT_DATA");
    await look();
    for (let hour = 1; hour < 12; hour += 1) {
      await stage.pass(3_600);
      const result = await look();
      expect(result).toMatchObject({ status: "wait", gate: { timeoutSeconds: 43_200 } });
      expect(Math.floor((result.gate?.waitedSeconds ?? 0) / 3_600)).toBe(hour);
    }
    await stage.pass(3_600);
    await expect(look()).rejects.toThrow(GateFailed);
  });

  it("counts a hold from its own beginning, not from one that a pass has ended", async () => {
    await look();
    await stage.pass(280);
    stage.alarms.set("crm-errors", "OK");
    expect((await look()).status).toBe("done");
    stage.alarms.set("crm-errors", "INSUFFICIENT_DATA");
    await stage.pass(30);
    expect(await look()).toMatchObject({ status: "wait", message: /waiting for \d s of 300 s/ });
  });

  it("has all of its time again after a pause: nobody looked while that lasted", async () => {
    await look();
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
    await look();
    const { id } = stage.run.ref;
    await fresh.client.query(`UPDATE sluice.event SET subject = 'before_soak' WHERE run_id = $1`, [id]);
    await stage.pass(400);
    expect(await look()).toMatchObject({ message: /waiting for \d s/ });
  });
});

describe("a gate that must hold for a while", () => {
  beforeEach(async () => {
    stage = await standAt({ before_cutover: { stable_for: "10m" } });
  });

  it("passes when everything has passed for that long without a break, and not before", async () => {
    expect(await look()).toMatchObject({
      status: "wait",
      waitSeconds: 20,
      message: /^everything has passed for \d s of 600 s$/,
    });
    await stage.pass(590);
    const last = await look();
    expect(last).toMatchObject({ status: "wait", message: /^everything has passed for 59\d s of 600 s$/ });
    expect("waitSeconds" in last && last.waitSeconds).toBeLessThanOrEqual(10);
    await stage.pass(10);
    expect(await look()).toMatchObject({ status: "done" });
  });

  it("takes that time for no hold: it may be longer than the timeout", async () => {
    await look();
    await stage.pass(400);
    expect(await look()).toMatchObject({ status: "wait", gate: { waitedSeconds: 0, timeoutSeconds: 300 } });
  });

  it("begins anew after a break", async () => {
    await look();
    await stage.pass(500);
    stage.alarms.set("crm-errors", "INSUFFICIENT_DATA");
    expect(await look()).toMatchObject({ message: /^waiting for \d s of 300 s/, gate: { stableSeconds: 0 } });
    stage.alarms.set("crm-errors", "OK");
    await stage.pass(20);
    expect(await look()).toMatchObject({ message: /^everything has passed for \d s of 600 s$/ });
    await stage.pass(590);
    expect((await look()).status).toBe("wait");
    await stage.pass(10);
    expect((await look()).status).toBe("done");
  });

  it("begins anew after a pause", async () => {
    await look();
    await stage.pass(599);
    await fresh.client.query(`INSERT INTO sluice.event (run_id, kind, subject) VALUES ($1, 'resumed', 'now')`, [
      stage.run.ref.id,
    ]);
    await stage.pass(10);
    expect(await look()).toMatchObject({ message: /^everything has passed for \d s of 600 s$/ });
  });

  it("is a plain soak where it asks for nothing else", async () => {
    stage = await standAt({ alarms: [], before_cutover: { stable_for: "2m" } });
    expect(await look()).toMatchObject({ status: "wait" });
    await stage.pass(120);
    expect(await look()).toMatchObject({ status: "done", message: "0 conditions pass" });
  });

  it("fails when what comes and goes has been away for its timeout in all", async () => {
    await look();
    for (const state of ["INSUFFICIENT_DATA", "OK", "INSUFFICIENT_DATA", "OK"] as const) {
      stage.alarms.set("crm-errors", state);
      await look();
      await stage.pass(140);
    }
    stage.alarms.set("crm-errors", "INSUFFICIENT_DATA");
    expect(await look()).toMatchObject({ status: "wait", message: /^waiting for 28\d s of 300 s/ });
    await stage.pass(20);
    await expect(look()).rejects.toThrow(GateFailed);
  });

  it("fails at a break after both of its times: short ones would let it wait for ever", async () => {
    await look();
    for (let minute = 0; minute < 15; minute += 1) {
      stage.alarms.set("crm-errors", "INSUFFICIENT_DATA");
      expect((await look()).status).toBe("wait");
      await stage.pass(1);
      stage.alarms.set("crm-errors", "OK");
      expect((await look()).status).toBe("wait");
      await stage.pass(60);
    }
    stage.alarms.set("crm-errors", "INSUFFICIENT_DATA");
    await expect(look()).rejects.toThrow(GateFailed);
  });

  it("does not soak again at each further step of the cutover, unless there was a break", async () => {
    stage = await standAt({ between_steps: { stable_for: "10m" } }, "cutover");
    await look("between_steps");
    await stage.pass(600);
    expect((await look("between_steps")).status).toBe("done");
    await stage.pass(600);
    expect((await look("between_steps")).status).toBe("done");
    stage.alarms.set("crm-errors", "INSUFFICIENT_DATA");
    await look("between_steps");
    stage.alarms.set("crm-errors", "OK");
    expect((await look("between_steps")).status).toBe("wait");
  });
});

describe("a gate whose alarms must have been OK for a while", () => {
  beforeEach(async () => {
    stage = await standAt({ alarms: [], before_cutover: { alarms: { names: ["crm-errors"], ok_for: "5m" } } });
  });

  it("holds until they have", async () => {
    stage.alarms.set("crm-errors", "OK", new Date(stage.clock.now().getTime() - 250_000));
    expect(await look()).toMatchObject({
      status: "wait",
      message: /: alarm "crm-errors" is OK, and must be for (4\d|50) s more$/,
      gate: { readings: [{ value: "OK", threshold: "OK for 300 s", status: "wait" }] },
    });
    await stage.pass(50);
    expect((await look()).status).toBe("done");
  });

  it("holds where CloudWatch does not say since when", async () => {
    stage.alarms.set("crm-errors", "OK", null);
    expect(await look()).toMatchObject({ status: "wait", message: /is OK, but CloudWatch does not say since when$/ });
  });

  it("is not misled by an alarm that changed in the future of its own clock", async () => {
    stage.alarms.set("crm-errors", "OK", new Date(stage.clock.now().getTime() + 60_000));
    expect(await look()).toMatchObject({ status: "wait", message: /and must be for 300 s more$/ });
  });

  it("asks for the guard's alarms as they are now, however long they have been so", async () => {
    stage = await standAt({ before_cutover: { alarms: { names: ["crm-latency"], ok_for: "5m" } } });
    stage.alarms.set("crm-errors", "OK");
    stage.alarms.set("crm-latency", "OK", new Date(0));
    expect((await look()).status).toBe("done");
  });
});

describe("a gate that fails, and is to pause the run", () => {
  beforeEach(async () => {
    stage = await standAt({ before_cutover: { on_fail: "pause" } });
    stage.alarms.set("crm-errors", "ALARM");
  });

  it("pauses it, tells people how to go on, and stands by", async () => {
    const { id } = stage.run.ref;
    expect(await look()).toMatchObject({
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
    await look();
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
    await expect(look()).rejects.toBe(AWAY);
    expect(stage.notifier.messages).toHaveLength(1);
    expect((await look()).status).toBe("callback");
    expect((await stage.registry.run(stage.run.ref.id))?.paused).toBeDefined();
  });

  it("leaves a person's pause as it is", async () => {
    const pause = { by: "maria", at: stage.clock.now().toISOString(), reason: "lunch" };
    await stage.registry.pause(stage.run.ref.id, pause, ["validate"]);
    expect(await look()).toMatchObject({ status: "callback", message: /paused by maria/ });
  });

  it("pauses no run that was rolled back meanwhile", async () => {
    const { notify } = stage.notifier;
    vi.spyOn(stage.notifier, "notify").mockImplementationOnce(async (message) => {
      await stage.rollBack();
      return notify.call(stage.notifier, message);
    });
    await expect(look()).rejects.toThrow(RunSuperseded);
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
    expect((await look(name)).status).toBe("done");
    stage = await standAt({}, ASKED_IN[name] === "expand" ? "backfill" : "expand");
    await expect(look(name)).rejects.toThrow(RunSuperseded);
    expect(await statuses(name)).toEqual([]);
  });

  it("is asked no more when the run was rolled back", async () => {
    await stage.rollBack();
    await expect(look()).rejects.toThrow(RunSuperseded);
    await expect(look()).rejects.toThrow(/was rolled back \(asked\)/i);
  });

  it("asks for its own conditions, and for no other gate's", async () => {
    stage = await standAt({ before_soak: { sql: [{ name: "never", holds: "false" }] } });
    expect((await look()).status).toBe("done");
  });

  it("writes every look to the ledger, with all that it read", async () => {
    stage.alarms.set("crm-errors", "INSUFFICIENT_DATA");
    const results = [await look()];
    stage.alarms.set("crm-errors", "OK");
    results.push(await look());
    const { rows } = await fresh.client.query(
      `SELECT subject, detail FROM sluice.event WHERE run_id = $1 AND kind = 'gate' ORDER BY id`,
      [stage.run.ref.id],
    );
    expect(rows).toEqual(results.map((result) => ({ subject: NAME, detail: result.gate })));
  });
});
