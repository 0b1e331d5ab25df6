import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { GateFailed, RunSuperseded, ServiceUnavailable } from "../../../core/errors.ts";
import { coolingPhase, soakPhase } from "../../../core/gates/soak.ts";
import { freshDatabase, type FreshDatabase } from "../../support/postgres.ts";
import { createContacts, Stage } from "../run/stage.ts";

const PHASES = [
  { phase: "soak", before: "cutover", step: soakPhase, seconds: 3_600, poll: 20 },
  // 500 polls at the most: seven days of one poll every 20 s would be more than an execution's history holds.
  { phase: "cooling", before: "soak", step: coolingPhase, seconds: 604_800, poll: Math.ceil(604_800 / 500) },
] as const;

it("polls some 500 times in 30 days of cooling: an execution has 25,000 events", async () => {
  const fresh = await freshDatabase();
  try {
    await createContacts(fresh);
    const stage = await (await Stage.begin(fresh, { contract: { cooling: "30d" } })).reach("soak");
    const result = await coolingPhase(stage.ports, stage.run);
    expect(result).toMatchObject({ status: "wait", waitSeconds: (30 * 86_400) / 500 });
  } finally {
    await fresh.close();
  }
});

it("polls a wait as seldom as at the phase, where an alarm comes and goes all through 30 days", async () => {
  const fresh = await freshDatabase();
  try {
    await createContacts(fresh);
    const stage = await (await Stage.begin(fresh, { contract: { cooling: "30d" } })).reach("soak");
    stage.alarms.set("crm-errors", "INSUFFICIENT_DATA");
    expect(await coolingPhase(stage.ports, stage.run)).toMatchObject({ status: "wait", waitSeconds: 20 });
    await fresh.client.query(
      `INSERT INTO sluice.event (run_id, kind, subject, detail)
       SELECT $1, 'gate', 'cooling', '{"status": "pass", "readings": []}' FROM generate_series(1, 500)`,
      [stage.run.ref.id],
    );
    expect(await coolingPhase(stage.ports, stage.run)).toMatchObject({
      status: "wait",
      waitSeconds: (30 * 86_400) / 500,
      message: /^waiting/,
    });
  } finally {
    await fresh.close();
  }
});

describe.each(PHASES)("the $phase phase", ({ phase, before, step, seconds, poll: pollSeconds }) => {
  let fresh: FreshDatabase;
  let stage: Stage;

  beforeAll(async () => {
    fresh = await freshDatabase();
    await createContacts(fresh);
  });

  afterAll(() => fresh.close());

  beforeEach(async () => {
    stage = await (await Stage.begin(fresh)).reach(before);
  });

  const poll = (): ReturnType<typeof step> => step(stage.ports, stage.run);

  it("waits for its whole time from the moment that it was entered, then is done", async () => {
    expect(await poll()).toMatchObject({
      status: "wait",
      waitSeconds: pollSeconds,
      message: expect.stringMatching(new RegExp(`^\\d+ s of ${phase} left, alarms OK$`)) as string,
      gate: { gate: phase, status: "pass", stableForSeconds: seconds },
    });
    expect(await stage.phase()).toBe(phase);
    await stage.pass(seconds - 10);
    const last = await poll();
    expect(last).toMatchObject({ status: "wait" });
    expect("waitSeconds" in last && last.waitSeconds).toBeLessThanOrEqual(10);
    await stage.pass(10);
    expect(await poll()).toMatchObject({
      status: "done",
      message: `${String(seconds)} s of ${phase} are over, alarms OK`,
      gate: { status: "pass" },
    });
  });

  it("fails at once when an alarm is in ALARM", async () => {
    await poll();
    stage.alarms.set("crm-errors", "ALARM");
    await expect(poll()).rejects.toThrow(GateFailed);
    await expect(poll()).rejects.toThrow(`${phase}: alarm "crm-errors" is ALARM`);
  });

  it("watches every alarm that guards the run, not those of all gates alone", async () => {
    const gates = { alarms: [], before_contract: { alarms: { names: ["crm-latency"] } } };
    stage = await (await Stage.begin(fresh, { gates })).reach(before);
    stage.alarms.set("crm-latency", "ALARM");
    await expect(poll()).rejects.toThrow(/"crm-latency" is ALARM/);
  });

  it("waits, and says why, where the alarms cannot be read", async () => {
    const away = new ServiceUnavailable({ object: "CloudWatch", problem: "does not answer", remedy: "Retry" });
    vi.spyOn(stage.alarms, "states").mockRejectedValue(away);
    expect(await poll()).toMatchObject({ status: "wait", message: /cannot be read: does not answer/ });
    await stage.pass(300);
    await expect(poll()).rejects.toThrow(GateFailed);
  });

  it("takes its ports one by one: those of a function are made when they are first asked for", async () => {
    const lazy = Object.create(stage.ports) as typeof stage.ports;
    expect(await step(lazy, stage.run)).toMatchObject({ status: "wait", message: /left, alarms OK/ });
  });

  it("counts each wait for itself, however many there are in the days that it lasts", async () => {
    for (let times = 0; times < 3; times += 1) {
      stage.alarms.set("crm-errors", "INSUFFICIENT_DATA");
      expect(await poll()).toMatchObject({ status: "wait", waitSeconds: 20, message: /^waiting for \d s of 300 s/ });
      await stage.pass(200);
      expect(await poll()).toMatchObject({ message: /^waiting for 20\d s of 300 s/ });
      stage.alarms.set("crm-errors", "OK");
      expect(await poll()).toMatchObject({ message: /left, alarms OK/ });
    }
  });

  it("writes each evaluation to the ledger, with the alarms as they were", async () => {
    await poll();
    const { rows } = await fresh.client.query(
      `SELECT subject, detail FROM sluice.event WHERE run_id = $1 AND kind = 'gate'`,
      [stage.run.ref.id],
    );
    expect(rows).toMatchObject([
      { subject: phase, detail: { gate: phase, status: "pass", readings: [{ name: "crm-errors", value: "OK" }, {}] } },
    ]);
  });

  it("does not end while an alarm cannot be read, and fails after the gate's timeout", async () => {
    await poll();
    await stage.pass(seconds);
    stage.alarms.set("crm-errors", "INSUFFICIENT_DATA");
    expect(await poll()).toMatchObject({ status: "wait", message: /waiting/ });
    await stage.pass(300);
    await expect(poll()).rejects.toThrow(GateFailed);
  });

  it("is not entered from a run that was rolled back", async () => {
    await stage.rollBack();
    await expect(poll()).rejects.toThrow(RunSuperseded);
  });
});
