import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { ApprovalDenied, ServiceUnavailable } from "../../../../core/errors.ts";
import type { MigrationInput } from "../../../../core/migration/schema.ts";
import type { Decision } from "../../../../core/ports.ts";
import { gate } from "../../../../core/gates/gate.ts";
import { pausable } from "../../../../core/run/pausable.ts";
import type { StepResult } from "../../../../core/run/step-result.ts";
import { freshDatabase, type FreshDatabase } from "../../../support/postgres.ts";
import { createContacts, MIGRATION, Stage } from "../../run/stage.ts";

const NAME = "before_cutover";
const MARIA = "arn:aws:sts::1:assumed-role/Lead/maria";
const AWAY = new ServiceUnavailable({ object: "DynamoDB", problem: "does not answer", remedy: "Retry" });

let fresh: FreshDatabase;
let stage: Stage;

beforeAll(async () => {
  fresh = await freshDatabase();
  await createContacts(fresh);
});

afterAll(() => fresh.close());

type Gate = NonNullable<NonNullable<MigrationInput["gates"]>[typeof NAME]>;

async function standAt(changes: Partial<Gate> = {}): Promise<Stage> {
  const gates = { ...MIGRATION.gates, [NAME]: { approval: { within: "2h" }, ...changes } };
  return (await Stage.begin(fresh, { gates })).reach("validate");
}

beforeEach(async () => {
  stage = await standAt();
});

const poll = (): Promise<StepResult> => gate(stage.ports, stage.run, { gate: NAME });

async function decide(answer: Decision["answer"]): Promise<void> {
  const decision = { answer, by: MARIA, at: stage.clock.now().toISOString(), reason: "looks right" };
  await stage.approvals.decide(stage.run.ref.id, NAME, decision);
}

async function events(kind: string): Promise<unknown[]> {
  const { rows } = await fresh.client.query<{ subject: string; detail: object }>(
    `SELECT subject, detail FROM sluice.event WHERE run_id = $1 AND kind = $2 ORDER BY id`,
    [stage.run.ref.id, kind],
  );
  return rows.map(({ subject, detail }) => ({ subject, ...detail }));
}

describe("a gate that asks for an approval", () => {
  it("asks when all else passes, and waits for a callback until the deadline", async () => {
    const result = await poll();
    const asked = await stage.approvals.find(stage.run.ref.id, NAME);
    expect(asked).toMatchObject({ planHash: stage.run.plan.hash, selfApproval: true, gate: NAME });
    expect(Date.parse(asked?.deadline ?? "") - Date.parse(asked?.requestedAt ?? "")).toBe(7_200_000);
    expect(result).toMatchObject({
      status: "callback",
      message: `waits for "sluice approve ${stage.run.ref.id}" or "sluice reject" until ${asked?.deadline ?? ""}`,
      gate: { status: "ask" },
    });
    expect("waitSeconds" in result && result.waitSeconds).toBeGreaterThan(7_190);
    expect("waitSeconds" in result && result.waitSeconds).toBeLessThanOrEqual(7_200);
    expect(result.gate?.readings.at(-1)).toEqual({
      kind: "approval",
      name: "approval",
      value: "asked",
      threshold: "approved by a person",
      status: "wait",
      reason: `waits for an answer until ${asked?.deadline ?? ""}`,
    });
  });

  it("asks once, however often it is woken", async () => {
    for (let times = 0; times < 4; times += 1) expect((await poll()).status).toBe("callback");
    expect(stage.notifier.messages).toHaveLength(1);
    expect(await events("approval-requested")).toHaveLength(1);
  });

  it("does not ask while anything else does not pass", async () => {
    stage.alarms.set("crm-errors", "INSUFFICIENT_DATA");
    expect(await poll()).toMatchObject({ status: "wait", gate: { readings: [{}, {}, { value: "not asked yet" }] } });
    expect(stage.notifier.messages).toEqual([]);
    stage.alarms.set("crm-errors", "OK");
    expect((await poll()).status).toBe("callback");
    expect(stage.notifier.messages).toHaveLength(1);
  });

  it("does not ask before all else has passed for its time", async () => {
    stage = await standAt({ stable_for: "10m" });
    await poll();
    expect(stage.notifier.messages).toEqual([]);
    await stage.pass(600);
    expect((await poll()).status).toBe("callback");
    expect(stage.notifier.messages).toHaveLength(1);
  });

  it("lets the run through when a person has approved, and remembers who", async () => {
    await poll();
    await decide("approved");
    expect(await poll()).toMatchObject({
      status: "done",
      message: `2 conditions pass, approved by ${MARIA}: looks right`,
    });
    const at = expect.any(String) as string;
    expect(await events("decision")).toEqual([
      { subject: NAME, by: MARIA, answer: "approved", reason: "looks right", at },
    ]);
    await poll();
    expect(await events("decision")).toHaveLength(1);
  });

  it("reads all else anew after the approval, and waits where it does not pass any more", async () => {
    await poll();
    await decide("approved");
    await stage.pass(3_600);
    stage.alarms.set("crm-errors", "INSUFFICIENT_DATA");
    expect(await poll()).toMatchObject({ status: "wait", message: /waiting for \d s of 300 s/ });
    stage.alarms.set("crm-errors", "OK");
    expect((await poll()).status).toBe("done");
  });

  it.each(["rollback", "pause"] as const)("ends the run at a rejection, on_fail: %s or not", async (on_fail) => {
    stage = await standAt({ on_fail });
    await poll();
    await decide("rejected");
    await expect(poll()).rejects.toThrow(ApprovalDenied);
    await expect(poll()).rejects.toThrow(`gate before_cutover: rejected by ${MARIA}: looks right`);
    expect(await events("decision")).toMatchObject([{ answer: "rejected" }]);
    expect((await stage.registry.run(stage.run.ref.id))?.paused).toBeUndefined();
  });

  it("finds a rejection although something else does not pass", async () => {
    await poll();
    await decide("rejected");
    stage.alarms.set("crm-errors", "INSUFFICIENT_DATA");
    await expect(poll()).rejects.toThrow(ApprovalDenied);
  });

  it("ends the run when nobody has decided in time, and counts an answer until the deadline", async () => {
    await poll();
    await stage.pass(7_100);
    expect((await poll()).status).toBe("callback");
    await stage.pass(200);
    await expect(poll()).rejects.toThrow(ApprovalDenied);
    await expect(poll()).rejects.toThrow(/no decision until 20/);
  });

  it("pauses the run when nobody has decided in time, where it is to", async () => {
    stage = await standAt({ on_fail: "pause" });
    await poll();
    await stage.pass(7_300);
    expect(await poll()).toMatchObject({ status: "callback", message: /paused by gate before_cutover/ });
  });

  it("asks people anew when the pause that nobody's answer led to has ended", async () => {
    stage = await standAt({ on_fail: "pause" });
    await poll();
    await stage.pass(7_300);
    await poll();
    await stage.pass(60);
    await stage.registry.resume(stage.run.ref.id, { resumedBy: MARIA, resumedAt: stage.clock.now().toISOString() });
    await stage.pass(1);
    expect(await poll()).toMatchObject({ status: "callback", message: /sluice approve/ });
    const asked = stage.notifier.messages.filter(({ subject }) => subject.includes("waits for your approval"));
    expect(asked).toHaveLength(2);
    await stage.approvals.decide(stage.run.ref.id, NAME, {
      answer: "approved",
      by: MARIA,
      at: stage.clock.now().toISOString(),
      reason: "late, but well",
    });
    expect(await poll()).toMatchObject({ status: "done" });
  });

  it("stands by for a second at least, at the very end of its time", async () => {
    await poll();
    const asked = await stage.approvals.find(stage.run.ref.id, NAME);
    const deadline = new Date(asked?.deadline ?? "");
    const clock = { ...stage.clock, now: () => deadline };
    expect(await gate({ ...stage.ports, clock }, stage.run, { gate: NAME })).toMatchObject({
      status: "callback",
      waitSeconds: 1,
    });
  });

  it("is not asked while the run is paused", async () => {
    const pause = { by: MARIA, at: stage.clock.now().toISOString(), reason: "lunch" };
    await stage.registry.pause(stage.run.ref.id, pause, ["validate"]);
    expect(await pausable(gate)(stage.ports, stage.run, { gate: NAME })).toMatchObject({ waitSeconds: 86_400 });
    expect(stage.notifier.messages).toEqual([]);
  });

  it("says that whoever started the run may not approve it", async () => {
    stage = await standAt({ approval: { self_approval: false } });
    const { gate: evaluation } = await poll();
    expect(evaluation?.readings.at(-1)?.threshold).toBe("approved by another person than who started the run");
    expect(await stage.approvals.find(stage.run.ref.id, NAME)).toMatchObject({ selfApproval: false });
  });

  it("asks for nothing but the approval, where that is all", async () => {
    const gates = { alarms: [], before_cutover: { approval: {} } };
    stage = await (await Stage.begin(fresh, { gates })).reach("validate");
    expect((await poll()).status).toBe("callback");
    expect(stage.notifier.messages[0]?.body).toContain("This gate asks for nothing but the approval.");
    await decide("approved");
    expect(await poll()).toMatchObject({ message: `0 conditions pass, approved by ${MARIA}: looks right` });
  });
});

describe("a gate that dies while it asks", () => {
  it("between the message and the question: asks again, since nobody could have answered", async () => {
    vi.spyOn(stage.approvals, "request").mockRejectedValueOnce(AWAY);
    await expect(poll()).rejects.toBe(AWAY);
    expect(stage.notifier.messages).toHaveLength(1);
    await stage.pass(60);
    expect((await poll()).status).toBe("callback");
    const asked = await stage.approvals.find(stage.run.ref.id, NAME);
    expect(stage.notifier.messages).toHaveLength(2);
    expect(stage.notifier.messages[1]?.body).toContain(asked?.deadline ?? "no deadline");
    expect(await events("approval-requested")).toEqual([
      { subject: NAME, requestedAt: asked?.requestedAt, deadline: asked?.deadline },
    ]);
  });

  it("before the message: waits for nobody who does not know of it", async () => {
    vi.spyOn(stage.notifier, "notify").mockRejectedValueOnce(AWAY);
    await expect(poll()).rejects.toBe(AWAY);
    expect(await stage.approvals.find(stage.run.ref.id, NAME)).toBeUndefined();
    expect((await poll()).status).toBe("callback");
  });

  it("between the question and the ledger: writes it down at the next poll, and asks nobody again", async () => {
    await poll();
    await fresh.client.query(`DELETE FROM sluice.event WHERE run_id = $1`, [stage.run.ref.id]);
    await poll();
    expect(stage.notifier.messages).toHaveLength(1);
    expect(await events("approval-requested")).toHaveLength(1);
  });

  it("finds what was decided while its message was on its way", async () => {
    const { request } = stage.approvals;
    vi.spyOn(stage.approvals, "request").mockImplementationOnce(async (approval) => {
      await request.call(stage.approvals, approval);
      await decide("approved");
      return request.call(stage.approvals, approval);
    });
    expect((await poll()).status).toBe("done");
    expect(await events("decision")).toHaveLength(1);
  });
});
