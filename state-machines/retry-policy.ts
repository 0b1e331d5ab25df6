/**
 * One retry policy for every call of the state machines. Retriers come before catchers, so what these lists name is
 * repeated first, and caught once the attempts are used up.
 */
import type { Catcher, Retrier } from "./asl.ts";

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
const BACKOFF = {
  IntervalSeconds: 2,
  BackoffRate: 2,
  MaxDelaySeconds: 60,
  MaxAttempts: 8,
  JitterStrategy: "FULL",
} as const;

/**
 * Lambda throttled the call, in an account whose concurrency others use as well: nothing has failed, and a run must not
 * be rolled back for it. Half an hour on average, an hour at most.
 */
const THROTTLED = { ErrorEquals: ["Lambda.TooManyRequestsException"], ...BACKOFF, MaxAttempts: 64 };

/**
 * The database or a service does not answer: a database that is being upgraded is unavailable for minutes. A run waits
 * as long as for a throttled Lambda, where the alternative is to roll it back, a cooling of weeks among them. Its alarms
 * end it meanwhile, if users are affected.
 */
const UNAVAILABLE: readonly string[] = ["DatabaseUnavailable", "ServiceUnavailable"];

export interface LambdaRetryProps {
  /** What the state catches itself. @default nothing */
  readonly catches?: readonly Catcher[] | undefined;
  /** Whether the state's failure rolls the run back. */
  readonly failureRollsBack: boolean;
}

/**
 * Retries of a Task that calls a Lambda function. Without the errors that the state catches by name: the end of a wait
 * for a callback is a States.Timeout, and no reason to call the function again.
 */
export function lambdaRetry({ catches = [], failureRollsBack }: LambdaRetryProps): readonly Retrier[] {
  const patient = failureRollsBack ? UNAVAILABLE : [];
  const others = [...caughtByName(catches), ...patient];
  return [
    { ...THROTTLED, ErrorEquals: [...THROTTLED.ErrorEquals, ...patient] },
    { ErrorEquals: TRANSIENT_ERRORS.filter((error) => !others.includes(error)), ...BACKOFF },
  ];
}

/**
 * Retries of a Task that calls another AWS service. A service's errors are many and not all documented, and the one
 * state that calls a service is the start of the rollback: it must not give up on a throttle of an unforeseen name. So
 * everything is retried but what the state catches by name.
 */
export function serviceRetry(catches: readonly Catcher[]): readonly Retrier[] {
  const caught = caughtByName(catches);
  const never = caught.length === 0 ? [] : [{ ErrorEquals: caught, MaxAttempts: 0 }];
  return [...never, { ErrorEquals: ["States.ALL"], ...BACKOFF }];
}

function caughtByName(catches: readonly Catcher[]): readonly string[] {
  return catches.flatMap(({ ErrorEquals }) => ErrorEquals).filter((error) => error !== "States.ALL");
}
