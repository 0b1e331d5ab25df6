import { describe, expect, it } from "vitest";
import { CallerUnknown, NotFound, PauseRefused } from "../../../../core/errors.ts";
import { PHASES, REVERSIBLE } from "../../../../core/plan/phases.ts";
import { pause, resume } from "../../../../core/run/operator/pause.ts";
import { ANN, BOB, CommandStage, proofOf } from "./command-stage.ts";

const REASON = "the sale begins";
const pausing = (arn: string, run = "a", reason = REASON) => ({
  run,
  reason,
  proof: proofOf(arn, "pause", { run, reason }),
});
const resuming = (arn: string, run = "a") => ({ run, proof: proofOf(arn, "resume", { run }) });

async function refusal(call: Promise<unknown>): Promise<string> {
  const error = await call.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(PauseRefused);
  return (error as Error).message;
}

describe("pause", () => {
  it.each(REVERSIBLE)("pauses a run in %s, in the name of whoever proves to call", async (phase) => {
    const stage = await CommandStage.begin({ phase });
    const paused = { by: ANN, at: stage.now, reason: REASON };
    const { message, ...answer } = await pause(stage, pausing(ANN));
    expect(answer).toEqual({ run: "a", ...paused });
    expect(message).toContain("sluice resume a");
    expect((await stage.record())?.paused).toEqual(paused);
    expect(stage.woken).toBe(false);
  });

  it.each(PHASES.filter((phase) => !REVERSIBLE.includes(phase)))("refuses a run in %s", async (phase) => {
    const stage = await CommandStage.begin({ phase });
    expect(await refusal(pause(stage, pausing(ANN)))).toMatch(/was rolled back|was done|is in contract/);
    expect((await stage.record())?.paused).toBeUndefined();
  });

  it("refuses a run that is paused, and says by whom and since when", async () => {
    const stage = await CommandStage.begin();
    await pause(stage, pausing(ANN));
    stage.clock.advance(60_000);
    const message = await refusal(pause(stage, pausing(BOB)));
    expect(message).toContain(`by ${ANN} since 2026-01-05T09:00:00.000Z: ${REASON}`);
    expect((await stage.record())?.paused?.by).toBe(ANN);
  });

  it("wants a reason, a run that is there, and a proof for just this", async () => {
    const stage = await CommandStage.begin();
    expect(await refusal(pause(stage, pausing(ANN, "a", " ")))).toMatch(/has no reason/);
    expect(await refusal(pause(stage, pausing(ANN, "a", "x".repeat(2_001))))).toMatch(/of more than 2000 characters/);
    await expect(pause(stage, pausing(ANN, "b"))).rejects.toThrow(NotFound);
    await expect(pause(stage, { ...pausing(ANN), proof: pausing(ANN, "b").proof })).rejects.toThrow(CallerUnknown);
    await expect(pause(stage, { ...pausing(ANN), proof: resuming(ANN).proof })).rejects.toThrow(CallerUnknown);
    expect((await stage.record())?.paused).toBeUndefined();
  });
});

describe("resume", () => {
  it("ends the pause, wakes the run, and remembers who did it", async () => {
    const stage = await CommandStage.begin();
    await pause(stage, pausing(ANN));
    stage.clock.advance(60_000);
    const resumed = await resume(stage, resuming(BOB));
    expect(resumed).toEqual({ run: "a", by: BOB, at: stage.now, message: 'Run "a" goes on in phase validate' });
    const { paused, lastPause } = (await stage.record()) ?? {};
    expect(paused).toBeUndefined();
    expect(lastPause).toEqual({
      by: ANN,
      at: "2026-01-05T09:00:00.000Z",
      reason: REASON,
      resumedBy: BOB,
      resumedAt: "2026-01-05T09:01:00.000Z",
    });
    expect(stage.woken).toBe(true);
  });

  it("refuses a run that is not paused, and wakes it, since an earlier call may have died before that", async () => {
    const stage = await CommandStage.begin();
    expect(await refusal(resume(stage, resuming(BOB)))).toMatch(/is not paused; it is in phase validate/);
    expect(stage.woken).toBe(true);
  });

  it("refuses a run that is over", async () => {
    const stage = await CommandStage.begin({ phase: "rolled-back", reason: "asked" });
    expect(await refusal(resume(stage, resuming(BOB)))).toMatch(/was rolled back at .*: asked/);
  });

  it("wants a run that is there, and a proof for just this", async () => {
    const stage = await CommandStage.begin();
    await pause(stage, pausing(ANN));
    await expect(resume(stage, resuming(ANN, "b"))).rejects.toThrow(NotFound);
    await expect(resume(stage, { ...resuming(ANN), proof: resuming(ANN, "b").proof })).rejects.toThrow(CallerUnknown);
    expect((await stage.record())?.paused?.by).toBe(ANN);
  });

  it("is done by one of many, and the pause by one of many", async () => {
    const stage = await CommandStage.begin();
    const people = Array.from({ length: 20 }, (_, index) => `p${String(index)}`);
    const wins = async (calls: readonly Promise<unknown>[]): Promise<number> =>
      (await Promise.allSettled(calls)).filter(({ status }) => status === "fulfilled").length;
    expect(await wins(people.map((arn) => pause(stage, pausing(arn))))).toBe(1);
    expect(await wins(people.map((arn) => resume(stage, resuming(arn))))).toBe(1);
  });
});
