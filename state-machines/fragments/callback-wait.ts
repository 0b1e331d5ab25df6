import { integrationArn, type States } from "../asl.ts";
import { lambdaRetry } from "../retry-policy.ts";
import { catchAll, ROLL_BACK } from "./catchers.ts";

export interface CallbackWaitProps {
  /** @default the end of a pause */
  readonly comment?: string | undefined;
  /** The step that asked for the wait, which is called again after it. */
  readonly next: string;
}

/**
 * Waits until the task token that the Lambda saves is answered, for at most as long as the step before it said. The
 * answer carries nothing and the time-out is no failure: either way the step is called again and reads the state anew.
 */
export function callbackWait(name: string, props: CallbackWaitProps): States {
  const { comment = "Waits until an operator resumes the run", next } = props;
  const catches = [{ ErrorEquals: ["States.Timeout"], ResultPath: "$.waited", Next: next }, catchAll(ROLL_BACK)];
  return {
    [name]: {
      Type: "Task",
      Comment: comment,
      Resource: integrationArn("lambda:invoke.waitForTaskToken"),
      Parameters: {
        FunctionName: "${WaitForCallback}",
        Payload: { "run.$": "$.run", "token.$": "$$.Task.Token" },
      },
      ResultPath: null,
      TimeoutSecondsPath: "$.step.waitSeconds",
      Retry: lambdaRetry({ catches, failureRollsBack: true }),
      Catch: catches,
      Next: next,
    },
  };
}
