import type { Catcher, States, Task } from "../asl.ts";
import { lambdaRetry } from "../retry-policy.ts";
import { rollsBack } from "./catchers.ts";

export interface StepProps {
  readonly comment: string;
  /** The Lambda function, as the definition's substitution names it. @default the state's name */
  readonly lambda?: string | undefined;
  /** @default the run */
  readonly parameters?: Readonly<Record<string, unknown>> | undefined;
  /** @default `$.step` */
  readonly resultPath?: string | undefined;
  /** More than the function's own time-out and its cold start. @default 120 */
  readonly timeoutSeconds?: number | undefined;
  /** @default none: its failure is that of the execution */
  readonly catches?: readonly Catcher[] | undefined;
  /** Whether the run is rolled back if the step fails. @default whether the step itself catches to the rollback */
  readonly failureRollsBack?: boolean | undefined;
  readonly next: string;
}

/** One call of a Lambda function, with the retry policy. */
export function step(name: string, props: StepProps): States {
  return { [name]: task(name, props) };
}

function task(name: string, { catches = [], ...props }: StepProps): Task {
  return {
    Type: "Task",
    Comment: props.comment,
    Resource: `\${${props.lambda ?? name}}`,
    Parameters: props.parameters ?? { "run.$": "$.run" },
    ResultPath: props.resultPath ?? "$.step",
    TimeoutSeconds: props.timeoutSeconds ?? 120,
    Retry: lambdaRetry({ catches, failureRollsBack: props.failureRollsBack ?? rollsBack(catches) }),
    ...(catches.length > 0 && { Catch: catches }),
    Next: props.next,
  };
}
