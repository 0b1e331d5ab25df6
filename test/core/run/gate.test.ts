import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { GateFailed, RunSuperseded, ServiceUnavailable } from "../../../core/errors.ts";
import { gate } from "../../../core/run/gate.ts";
import { freshDatabase, type FreshDatabase } from "../../support/postgres.ts";
import { createContacts, MIGRATION, Stage } from "./stage.ts";

describe("the gate before and during cutover", () => {
  let fresh: FreshDatabase;
  let stage: Stage;

  beforeAll(async () => {
    fresh = await freshDatabase();
    await createContacts(fresh);
  });

  afterAll(() => fresh.close());

  beforeEach(async () => {
    stage = await (await Stage.begin(fresh)).reach("validate");
  });

  const look = (): ReturnType<typeof gate> => gate(stage.ports, stage.run);

  it("passes when every alarm is OK now", async () => {
    expect(await look()).toEqual({ status: "done", message: "2 alarms are OK" });
  });

  it("passes where the plan names no alarm", async () => {
    const free = await (await Stage.begin(fresh, { gates: { alarms: [] } })).reach("validate");
    expect((await gate(free.ports, free.run)).status).toBe("done");
  });

  it.each(["ALARM", "INSUFFICIENT_DATA", "missing"] as const)(
    "holds while an alarm is %s, before any traffic moved",
    async (state) => {
      stage.alarms.set("crm-latency", state);
      expect(await look()).toEqual({
        status: "wait",
        waitSeconds: 20,
        message: expect.stringMatching(
          new RegExp(`^on hold for \\d s of 300 s: alarm "crm-latency" is ${state}$`),
        ) as string,
      });
    },
  );

  it("looks less often where it may hold for days, so that the execution's history has room for it", async () => {
    const gates = { ...MIGRATION.gates, timeout: "10d" };
    const patient = await (await Stage.begin(fresh, { gates })).reach("validate");
    patient.alarms.set("crm-latency", "ALARM");
    expect(await gate(patient.ports, patient.run)).toMatchObject({ status: "wait", waitSeconds: 4_320 });
  });

  it("counts an alarm that the answer leaves out as missing", async () => {
    vi.spyOn(stage.alarms, "states").mockResolvedValue(new Map([["crm-errors", "OK"]]));
    expect(await look()).toMatchObject({ status: "wait", message: /alarm "crm-latency" is missing/ });
  });

  it("does not pass where the alarms cannot be read", async () => {
    const away = new ServiceUnavailable({ object: "CloudWatch", problem: "does not answer", remedy: "Retry" });
    vi.spyOn(stage.alarms, "states").mockRejectedValue(away);
    await expect(look()).rejects.toBe(away);
  });

  it("passes after a hold, when the alarms are OK again", async () => {
    stage.alarms.set("crm-errors", "ALARM");
    await look();
    stage.alarms.set("crm-errors", "OK");
    expect((await look()).status).toBe("done");
  });

  it("fails when it held for the plan's timeout, and names every alarm that is not OK", async () => {
    stage.alarms.set("crm-errors", "INSUFFICIENT_DATA");
    stage.alarms.set("crm-latency", "ALARM");
    await look();
    await stage.pass(270);
    expect((await look()).status).toBe("wait");
    await stage.pass(30);
    await expect(look()).rejects.toThrow(GateFailed);
    await expect(look()).rejects.toThrow(/alarm "crm-errors" is INSUFFICIENT_DATA, alarm "crm-latency" is ALARM/);
  });

  it("counts a hold from its own beginning, not from one that a pass has ended", async () => {
    stage.alarms.set("crm-errors", "ALARM");
    await look();
    await stage.pass(280);
    stage.alarms.set("crm-errors", "OK");
    expect((await look()).status).toBe("done");
    stage.alarms.set("crm-errors", "ALARM");
    await stage.pass(30);
    expect(await look()).toMatchObject({ status: "wait", message: /on hold for \d s of 300 s/ });
  });

  describe("with traffic on the new path", () => {
    beforeEach(() => stage.flow.enter("cutover"));

    it("fails at once when an alarm is in ALARM", async () => {
      stage.alarms.set("crm-errors", "ALARM");
      await expect(look()).rejects.toThrow(GateFailed);
    });

    it.each(["INSUFFICIENT_DATA", "missing"] as const)(
      "holds, and fails at its timeout, while an alarm is %s",
      async (state) => {
        stage.alarms.set("crm-errors", state);
        expect((await look()).status).toBe("wait");
        await stage.pass(300);
        await expect(look()).rejects.toThrow(GateFailed);
      },
    );

    it("passes when every alarm is OK", async () => {
      expect((await look()).status).toBe("done");
    });
  });

  it("is not asked for a run that was rolled back", async () => {
    await stage.rollBack();
    await expect(look()).rejects.toThrow(RunSuperseded);
    await expect(look()).rejects.toThrow(/was rolled back \(asked\)/i);
  });

  it("writes every look and its verdict to the ledger", async () => {
    stage.alarms.set("crm-errors", "ALARM");
    await look();
    stage.alarms.set("crm-errors", "OK");
    await look();
    const { rows } = await fresh.client.query(
      `SELECT subject, detail FROM sluice.event WHERE run_id = $1 AND kind = 'gate' ORDER BY id`,
      [stage.run.ref.id],
    );
    const alarms = ["crm-errors", "crm-latency"];
    expect(rows).toEqual([
      { subject: "cutover", detail: { verdict: "hold", alarms, reasons: [`alarm "crm-errors" is ALARM`] } },
      { subject: "cutover", detail: { verdict: "pass", alarms, reasons: [] } },
    ]);
  });
});
