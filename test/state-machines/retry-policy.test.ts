import { describe, expect, it } from "vitest";
import * as errors from "../../core/errors.ts";
import type { Catcher, State, States, Task } from "../../state-machines/asl.ts";
import { callbackWait } from "../../state-machines/fragments/callback-wait.ts";
import { catchAll } from "../../state-machines/fragments/catchers.ts";
import { startRollback } from "../../state-machines/fragments/start-rollback.ts";
import { step } from "../../state-machines/fragments/step.ts";
import { workerPool } from "../../state-machines/fragments/worker-pool.ts";
import { migration } from "../../state-machines/migration.ts";
import { TRANSIENT_ERRORS } from "../../state-machines/retry-policy.ts";
import { rollback } from "../../state-machines/rollback.ts";
import { undo } from "../../state-machines/undo.ts";

const retryOf = (states: States, name: string) => (states[name] as Task).Retry;
const stepRetry = (catches?: readonly Catcher[]) =>
  retryOf(step("Expand", { comment: "", catches, next: "Done" }), "Expand");

const pool = workerPool({
  shards: "ShardsForBackfill",
  shardsComment: "",
  needed: "BackfillNeeded",
  workers: "BackfillWorkers",
  workersComment: "",
  worker: "Backfill",
  callbackName: "WaitForCallbackInBackfill",
  plan: "$.run.backfill",
  job: "backfill",
  next: "Done",
});
const map = pool["BackfillWorkers"] as Extract<State, { Type: "Map" }>;

/** Of the top level and of every Map. */
const levels = (states: States): readonly State[] =>
  Object.values(states).flatMap((state) =>
    state.Type === "Map" ? [state, ...levels(state.ItemProcessor.States)] : [state],
  );

describe("the retry policy", () => {
  it("is given to every step, with jitter and an end", () => {
    expect(stepRetry()).toContainEqual({
      ErrorEquals: TRANSIENT_ERRORS,
      IntervalSeconds: 2,
      BackoffRate: 2,
      MaxDelaySeconds: 60,
      MaxAttempts: 8,
      JitterStrategy: "FULL",
    });
  });

  it("waits far longer where Lambda throttles the call, since nothing has failed", () => {
    const [first, ...others] = stepRetry();
    expect(first).toMatchObject({ ErrorEquals: ["Lambda.TooManyRequestsException"], MaxDelaySeconds: 60 });
    expect(first?.MaxAttempts).toBeGreaterThan(60);
    expect(others.flatMap(({ ErrorEquals }) => ErrorEquals)).not.toContain("Lambda.TooManyRequestsException");
  });

  describe("waits as long for a database or a service that does not answer", () => {
    const UNAVAILABLE = ["DatabaseUnavailable", "ServiceUnavailable"];

    it("where the run would be rolled back", () => {
      const [patient, others] = stepRetry([catchAll("RollBack")]);
      expect(patient?.ErrorEquals).toEqual(["Lambda.TooManyRequestsException", ...UNAVAILABLE]);
      expect(patient?.MaxAttempts).toBeGreaterThan(60);
      expect(others?.ErrorEquals).toEqual(TRANSIENT_ERRORS.filter((error) => !UNAVAILABLE.includes(error)));
      expect(others).toMatchObject({ MaxAttempts: 8 });
    });

    it("in the children of a Map, whose failure is its own", () => {
      expect(map.Catch.map(({ Next }) => Next)).toEqual(["RollBack"]);
      const [patient] = retryOf(map.ItemProcessor.States, "Backfill");
      expect(patient?.ErrorEquals).toEqual(expect.arrayContaining(UNAVAILABLE));
    });

    it("but not where an operator waits for a refusal, nor where traffic waits to be returned", () => {
      for (const catches of [[catchAll("Refused")], []]) {
        const [patient, others] = stepRetry(catches);
        expect(patient?.ErrorEquals).toEqual(["Lambda.TooManyRequestsException"]);
        expect(others?.ErrorEquals).toEqual(TRANSIENT_ERRORS);
      }
    });
  });

  it.each(["Choice", "Wait", "Pass", "Succeed", "Fail", "Map"])("leaves every %s state without", (type) => {
    const states = [migration, rollback, undo].flatMap(({ States }) => levels(States));
    const ofType = states.filter(({ Type }) => Type === type);
    expect(ofType.length).toBeGreaterThan(0);
    expect(ofType.filter((state) => "Retry" in state)).toEqual([]);
  });

  it("reaches into a Map, whose own retry would start all children anew", () => {
    expect(map).not.toHaveProperty("Retry");
    expect(retryOf(map.ItemProcessor.States, "Backfill")).toHaveLength(2);
  });

  it("calls a function again that waits for a token, but not for the end of the wait that the state catches", () => {
    const [throttled, transient] = retryOf(callbackWait("WaitForCallback", { next: "Expand" }), "WaitForCallback");
    expect(throttled?.ErrorEquals[0]).toBe("Lambda.TooManyRequestsException");
    expect(throttled?.ErrorEquals).not.toContain("States.Timeout");
    expect(transient).toMatchObject({ MaxAttempts: 8 });
    const others = [...(throttled?.ErrorEquals ?? []), "States.Timeout"];
    expect(transient?.ErrorEquals).toEqual(TRANSIENT_ERRORS.filter((error) => !others.includes(error)));
  });

  it("retries a call of a service whatever the error, but for what the state catches by name", () => {
    expect(retryOf(startRollback("RolledBack"), "RollBack")).toMatchObject([
      { ErrorEquals: ["StepFunctions.ExecutionAlreadyExistsException"], MaxAttempts: 0 },
      { ErrorEquals: ["States.ALL"], MaxAttempts: 8 },
    ]);
  });

  it("names every error of class transient and none of class never", () => {
    type Class = new (...details: unknown[]) => errors.SluiceError;
    const details = { object: "o", problem: "p", remedy: "r" };
    const classes = Object.values(errors).filter((value) => (value as unknown) !== errors.SluiceError) as Class[];
    const all = classes.map((Class) => (Class.length === 2 ? new Class("40001", details) : new Class(details)));
    const ours = TRANSIENT_ERRORS.filter((name) => !/^(States|Lambda|Sandbox|Runtime)\./.test(name));
    expect([...ours].sort()).toEqual(
      all
        .filter(({ retry }) => retry === "transient")
        .map(({ name }) => name)
        .sort(),
    );
  });
});
