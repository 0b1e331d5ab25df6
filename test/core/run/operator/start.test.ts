import { describe, expect, it } from "vitest";
import { CallerUnknown, DecisionRefused } from "../../../../core/errors.ts";
import { start } from "../../../../core/run/operator/start.ts";
import { ANN, BOB, CommandStage, proofOf } from "./command-stage.ts";

const starting = (arn: string, run = "friday", migration = "contact-channel") => ({
  run,
  migration,
  proof: proofOf(arn, "start", { run, migration }),
});

describe("start", () => {
  it("starts a run, and notes first who did", async () => {
    const stage = await CommandStage.begin();
    let noted: string | undefined;
    const executions = Object.assign(Object.create(stage.executions) as typeof stage.executions, {
      startRun: async (run: string, migration: string) => {
        noted = await stage.registry.initiator(run);
        return stage.executions.startRun(run, migration);
      },
    });
    const started = await start(
      { ...stage, executions, registry: stage.registry, callers: stage.callers },
      starting(ANN),
    );
    expect(noted).toBe(ANN);
    expect(started).toEqual({ run: "friday", executionArn: stage.executions.runs[0]?.executionArn });
    expect(stage.executions.runs).toEqual([
      { executionArn: started.executionArn, input: { migration: "contact-channel" } },
    ]);
  });

  it("goes on for the same person where an earlier call noted the name and started nothing", async () => {
    const stage = await CommandStage.begin();
    await stage.registry.recordInitiator("friday", ANN);
    expect(await start(stage, starting(ANN))).toMatchObject({ run: "friday" });
  });

  it("refuses a name under which somebody else is starting a run, so that nobody passes for another", async () => {
    const stage = await CommandStage.begin();
    await stage.registry.recordInitiator("friday", ANN);
    await expect(start(stage, starting(BOB))).rejects.toThrow(DecisionRefused);
    expect(stage.executions.runs).toEqual([]);
    expect(await stage.registry.initiator("friday")).toBe(ANN);
  });

  it("refuses the name of a run that is there, of somebody else or of nobody", async () => {
    const stage = await CommandStage.begin();
    await expect(start(stage, starting(BOB, "a"))).rejects.toThrow(/there is a run of this name/);
    expect(stage.executions.runs).toEqual([]);
  });

  it("refuses a name that an execution has", async () => {
    const stage = await CommandStage.begin();
    await stage.executions.startRun("friday", "another");
    const started = start(stage, starting(ANN));
    await expect(started).rejects.toThrow(DecisionRefused);
    await expect(started).rejects.toThrow(/under another name/);
  });

  it("starts nothing for a proof of something else", async () => {
    const stage = await CommandStage.begin();
    const { proof } = starting(ANN, "friday", "another");
    await expect(start(stage, { ...starting(ANN), proof })).rejects.toThrow(CallerUnknown);
    expect(await stage.registry.initiator("friday")).toBeUndefined();
  });

  it("lets one of many people have a name", async () => {
    const stage = await CommandStage.begin();
    const people = Array.from({ length: 20 }, (_, index) => `p${String(index)}`);
    const answers = await Promise.allSettled(people.map((arn) => start(stage, starting(arn))));
    expect(answers.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    expect(stage.executions.runs).toHaveLength(1);
    const winner = people[answers.findIndex(({ status }) => status === "fulfilled")];
    expect(await stage.registry.initiator("friday")).toBe(winner);
  });
});
