import { describe, expect, it } from "vitest";
import * as errors from "../../core/errors.ts";
import { type State, TRANSIENT_ERRORS, withRetryPolicy } from "../../lib/retry-policy.ts";

const retryOf = (state: State) => withRetryPolicy({ States: { Only: state } }).States.Only.Retry;

interface Retrier {
  readonly ErrorEquals: readonly string[];
  readonly MaxAttempts: number;
}

describe("the retry policy", () => {
  it("is given to a step that has none, with jitter and an end", () => {
    expect(retryOf({ Type: "Task", Resource: "${Expand}" })).toContainEqual({
      ErrorEquals: TRANSIENT_ERRORS,
      IntervalSeconds: 2,
      BackoffRate: 2,
      MaxDelaySeconds: 60,
      MaxAttempts: 8,
      JitterStrategy: "FULL",
    });
  });

  it("waits far longer for its turn where Lambda has no room, since nothing has failed", () => {
    const [first, ...others] = retryOf({ Type: "Task", Resource: "${Expand}" }) as readonly Retrier[];
    expect(first).toMatchObject({ ErrorEquals: ["Lambda.TooManyRequestsException"], MaxDelaySeconds: 60 });
    expect(first?.MaxAttempts).toBeGreaterThan(60);
    expect(others.flatMap(({ ErrorEquals }) => ErrorEquals)).not.toContain("Lambda.TooManyRequestsException");
  });

  describe("waits as long for a database or a service that is away", () => {
    const Resource = "${Cooling}";
    const rollingBack = [{ ErrorEquals: ["States.ALL"], Next: "RollBack" }];
    const AWAY = ["DatabaseUnavailable", "ServiceUnavailable"];
    const inMap = (Catch: State["Catch"]): State => ({
      Type: "Map",
      ...(Catch && { Catch }),
      ItemProcessor: { States: { Inner: { Type: "Task", Resource: "${Backfill}" } } },
    });

    it("where the run would be rolled back", () => {
      const [patient, others] = retryOf({ Type: "Task", Resource, Catch: rollingBack }) as readonly Retrier[];
      expect(patient?.ErrorEquals).toEqual(["Lambda.TooManyRequestsException", ...AWAY]);
      expect(patient?.MaxAttempts).toBeGreaterThan(60);
      expect(others?.ErrorEquals).toEqual(TRANSIENT_ERRORS.filter((error) => !AWAY.includes(error)));
      expect(others).toMatchObject({ MaxAttempts: 8 });
    });

    it("in the children of a Map, whose failure is its own", () => {
      const outer = withRetryPolicy({ States: { Outer: inMap(rollingBack) } }).States.Outer;
      const [patient] = outer.ItemProcessor?.States["Inner"]?.Retry as readonly Retrier[];
      expect(patient?.ErrorEquals).toEqual(expect.arrayContaining(AWAY));
    });

    it("but not where a person waits to be refused, nor where traffic waits to be returned", () => {
      const refusing = [{ ErrorEquals: ["States.ALL"], Next: "Refused" }];
      for (const Catch of [refusing, []]) {
        const [patient, others] = retryOf({ Type: "Task", Resource, Catch }) as readonly Retrier[];
        expect(patient?.ErrorEquals).toEqual(["Lambda.TooManyRequestsException"]);
        expect(others?.ErrorEquals).toEqual(TRANSIENT_ERRORS);
      }
    });
  });

  it("leaves a Retry of the state's own as it is", () => {
    const Retry = [{ ErrorEquals: ["States.ALL"] }];
    expect(retryOf({ Type: "Task", Resource: "${Expand}", Retry })).toBe(Retry);
  });

  it.each(["Choice", "Wait", "Pass", "Succeed", "Fail"])("leaves a %s state without", (Type) => {
    expect(retryOf({ Type })).toBeUndefined();
  });

  it("reaches into a Map, whose own retry would start all children anew", () => {
    const map: State = { Type: "Map", ItemProcessor: { States: { Inner: { Type: "Task", Resource: "${Backfill}" } } } };
    const after = withRetryPolicy({ States: { Outer: map } }).States.Outer;
    expect(after.Retry).toBeUndefined();
    expect(after.ItemProcessor?.States["Inner"]?.Retry).toHaveLength(2);
  });

  it("calls a function again that waits for a token, but not for the end of the wait that the state catches", () => {
    const Resource = "arn:aws:states:::lambda:invoke.waitForTaskToken";
    const Catch = [{ ErrorEquals: ["States.Timeout"] }, { ErrorEquals: ["States.ALL"] }];
    const [throttled, transient] = retryOf({ Type: "Task", Resource, Catch }) as readonly Retrier[];
    expect(throttled?.ErrorEquals).toEqual(["Lambda.TooManyRequestsException"]);
    expect(transient).toMatchObject({ MaxAttempts: 8 });
    expect(transient?.ErrorEquals).toEqual(TRANSIENT_ERRORS.filter((error) => error !== "States.Timeout"));
  });

  it("retries a call of a service whatever the error, but for what the state catches by name", () => {
    const caught = ["StepFunctions.ExecutionAlreadyExistsException"];
    const Resource = "arn:aws:states:::states:startExecution";
    expect(retryOf({ Type: "Task", Resource, Catch: [{ ErrorEquals: caught }] })).toMatchObject([
      { ErrorEquals: caught, MaxAttempts: 0 },
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
