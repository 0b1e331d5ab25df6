import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { GateFailed, RunSuperseded } from "../../../core/errors.ts";
import { coolingPhase, soakPhase } from "../../../core/run/hold.ts";
import { freshDatabase, type FreshDatabase } from "../../support/postgres.ts";
import { createContacts, Stage } from "./stage.ts";

const HOLDS = [
  { phase: "soak", before: "cutover", hold: soakPhase, seconds: 3_600, poll: 20 },
  // 500 looks at the most: seven days of one look every 20 s would be more than an execution's history holds.
  { phase: "cooling", before: "soak", hold: coolingPhase, seconds: 604_800, poll: Math.ceil(604_800 / 500) },
] as const;

describe.each(HOLDS)("the $phase phase", ({ phase, before, hold, seconds, poll }) => {
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

  const look = (): ReturnType<typeof hold> => hold(stage.ports, stage.run);

  it("holds for its whole time from the moment that it was entered, then lets go", async () => {
    expect(await look()).toEqual({
      status: "wait",
      waitSeconds: poll,
      message: expect.stringMatching(new RegExp(`^\\d+ s of ${phase} left, alarms OK$`)) as string,
    });
    expect(await stage.phase()).toBe(phase);
    await stage.pass(seconds - 10);
    const last = await look();
    expect(last).toMatchObject({ status: "wait" });
    expect("waitSeconds" in last && last.waitSeconds).toBeLessThanOrEqual(10);
    await stage.pass(10);
    expect(await look()).toEqual({ status: "done", message: `${String(seconds)} s of ${phase} are over, alarms OK` });
  });

  it("fails at once when an alarm is in ALARM", async () => {
    await look();
    stage.alarms.set("crm-errors", "ALARM");
    await expect(look()).rejects.toThrow(GateFailed);
  });

  it("does not end while an alarm cannot be read, and fails after the gate's timeout", async () => {
    await look();
    await stage.pass(seconds);
    stage.alarms.set("crm-errors", "INSUFFICIENT_DATA");
    expect(await look()).toMatchObject({ status: "wait", message: /on hold/ });
    await stage.pass(300);
    await expect(look()).rejects.toThrow(GateFailed);
  });

  it("is not entered from a run that was rolled back", async () => {
    await stage.rollBack();
    await expect(look()).rejects.toThrow(RunSuperseded);
  });
});
