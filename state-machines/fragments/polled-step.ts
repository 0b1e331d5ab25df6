import type { ChoiceRule, States } from "../asl.ts";
import { callbackWait } from "./callback-wait.ts";
import { catchAll, ROLL_BACK } from "./catchers.ts";
import { choice, wait, whenStatus } from "./flow.ts";
import { step, type StepProps } from "./step.ts";

export interface PolledStepProps extends StepProps {
  /** For statuses besides `done`, `wait` and `more`. @default none */
  readonly choices?: readonly ChoiceRule[];
  /** Where it leads once it says `done`. */
  readonly next: string;
}

/**
 * A step that is called until it says `done`: at once, or after as many seconds as it says. The waiting is a state's, not
 * a sleeping Lambda's that is paid for.
 */
export function polledStep(name: string, { choices = [], next, ...props }: PolledStepProps): States {
  const [progress, waiting] = [`${name}Progress`, `${name}Wait`];
  return {
    ...step(name, { ...props, next: progress }),
    ...choice(progress, {
      choices: [whenStatus("done", next), whenStatus("wait", waiting), ...choices],
      otherwise: name,
    }),
    ...wait(waiting, { next: name }),
  };
}

export interface PausableStepProps extends Omit<PolledStepProps, "catches" | "failureRollsBack"> {
  /** @default `WaitForCallbackIn` and the state's name */
  readonly callbackName?: string;
  /** What the run waits for. @default the end of the pause */
  readonly callbackComment?: string;
}

/** A polled step of a run: its failure rolls the run back, and an operator can pause the run in it. */
export function pausableStep(name: string, props: PausableStepProps): States {
  const { callbackName = `WaitForCallbackIn${name}`, callbackComment, choices = [], ...polled } = props;
  return {
    ...polledStep(name, {
      ...polled,
      choices: [...choices, whenStatus("callback", callbackName)],
      catches: [catchAll(ROLL_BACK)],
    }),
    ...callbackWait(callbackName, { comment: callbackComment, next: name }),
  };
}

export interface PausableOnceProps {
  readonly comment: string;
  readonly callbackComment: string;
  readonly next: string;
}

/** A step of a run that an operator can pause, and that is otherwise called once. */
export function pausableOnce(name: string, { comment, callbackComment, next }: PausableOnceProps): States {
  const [progress, callbackName] = [`${name}Progress`, `WaitForCallbackIn${name}`];
  return {
    ...step(name, { comment, catches: [catchAll(ROLL_BACK)], next: progress }),
    ...choice(progress, { choices: [whenStatus("callback", callbackName)], otherwise: next }),
    ...callbackWait(callbackName, { comment: callbackComment, next: name }),
  };
}
