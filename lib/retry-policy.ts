/**
 * One retry policy for every Task state, added at synth so that the state machines stay readable.
 */

/**
 * Errors after which the same call may succeed: ours of class `transient`, and Lambda's and Step Functions' own.
 *
 * @see https://docs.aws.amazon.com/step-functions/latest/dg/sfn-best-practices.html#bp-lambda-serviceexception
 */
export const TRANSIENT_ERRORS: readonly string[] = [
  "DatabaseUnavailable",
  "ServiceUnavailable",
  "Lambda.ServiceException",
  "Lambda.AWSLambdaException",
  "Lambda.ClientExecutionTimeoutException",
  "Lambda.SdkClientException",
  "Lambda.Unknown",
  "Sandbox.Timedout",
  "Runtime.ExitError",
  "States.Timeout",
];

/** Waits of 2, 4, 8, ... 60 s, each anywhere between 0 and that: about two minutes on average, four at most. */
const BACKOFF = { IntervalSeconds: 2, BackoffRate: 2, MaxDelaySeconds: 60, MaxAttempts: 8, JitterStrategy: "FULL" };

/**
 * Lambda had no room for the call, in an account whose concurrency others use as well: nothing has failed, and a run
 * that waits its turn must not be rolled back for it. Half an hour on average, an hour at most.
 */
const THROTTLED = { ErrorEquals: ["Lambda.TooManyRequestsException"], ...BACKOFF, MaxAttempts: 64 };

/**
 * What a step needs does not answer: a database that is being upgraded is away for minutes. A run stands still as long
 * as Lambda may keep it waiting, where the alternative is to roll it back, a cooling of weeks among them. Its alarms end
 * it meanwhile, if users are hurt.
 */
const AWAY: readonly string[] = ["DatabaseUnavailable", "ServiceUnavailable"];

interface Catcher {
  readonly ErrorEquals: readonly string[];
  readonly Next?: string;
}

/** A state of the Amazon States Language, as far as retries are concerned. */
export interface State {
  readonly Type: string;
  readonly Resource?: string;
  readonly Retry?: readonly unknown[];
  readonly Catch?: readonly Catcher[];
  readonly ItemProcessor?: StateMachineDefinition;
}

/** A state machine, or the part of one that a Map state runs for each item. */
export interface StateMachineDefinition {
  readonly States: Readonly<Record<string, State>>;
}

/**
 * The definition with the policy on every Task state that has no Retry of its own, in Maps too.
 *
 * Map states get none: a Retry there starts a new Map Run with all of its children, while each child already retries
 * and resumes from the ledger.
 */
export function withRetryPolicy<D extends StateMachineDefinition>(definition: D): D {
  const states = Object.entries(definition.States).map(([name, state]) => [name, withRetry(state)] as const);
  return { ...definition, States: Object.fromEntries(states) };
}

/** @param ofRun Whether the run is rolled back where the state fails, as far as the state itself does not say so. */
function withRetry(state: State, ofRun = false): State {
  if (state.ItemProcessor !== undefined) return { ...state, ItemProcessor: childrenWithRetry(state) };
  if (state.Type !== "Task" || state.Retry !== undefined) return state;
  const patient = ofRun || rollsBack(state);
  return { ...state, Retry: isServiceCall(state) ? serviceRetry(state) : lambdaRetry(state, patient) };
}

/** A child's failure is its Map's, so that what the Map catches counts. */
function childrenWithRetry(map: State): StateMachineDefinition {
  const states = Object.entries(map.ItemProcessor?.States ?? {});
  const inner = states.map(([name, state]) => [name, withRetry(state, rollsBack(map))] as const);
  return { ...map.ItemProcessor, States: Object.fromEntries(inner) };
}

function rollsBack({ Catch = [] }: State): boolean {
  return Catch.some(({ Next }) => Next === "RollBack");
}

/** A state that calls an AWS service other than Lambda: errors are the service's, not of `errors.ts`. */
function isServiceCall({ Resource = "" }: State): boolean {
  return Resource.startsWith("arn:aws:states:::") && !Resource.startsWith("arn:aws:states:::lambda:invoke");
}

/**
 * Without the errors that the state catches by name, since retriers come before catchers: the end of a wait for a
 * callback is a States.Timeout, and no reason to call the function again.
 */
function lambdaRetry(state: State, patient: boolean): readonly unknown[] {
  const away = patient ? AWAY : [];
  const others = [...caughtByName(state), ...away];
  return [
    { ...THROTTLED, ErrorEquals: [...THROTTLED.ErrorEquals, ...away] },
    { ErrorEquals: TRANSIENT_ERRORS.filter((error) => !others.includes(error)), ...BACKOFF },
  ];
}

/**
 * A service's errors are many and not all documented, and the one state that calls a service is the start of the
 * rollback: it must not give up on a throttle of an unforeseen name. So everything is retried but what the state
 * catches by name.
 */
function serviceRetry(state: State): readonly unknown[] {
  const caught = caughtByName(state);
  const never = caught.length === 0 ? [] : [{ ErrorEquals: caught, MaxAttempts: 0 }];
  return [...never, { ErrorEquals: ["States.ALL"], ...BACKOFF }];
}

function caughtByName({ Catch = [] }: State): readonly string[] {
  return Catch.flatMap(({ ErrorEquals }) => ErrorEquals).filter((error) => error !== "States.ALL");
}
