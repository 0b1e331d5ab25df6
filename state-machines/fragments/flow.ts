import type { ChoiceRule, States } from "../asl.ts";

export interface ChoiceProps {
  readonly comment?: string | undefined;
  readonly choices: readonly ChoiceRule[];
  /** Where it leads if no rule applies. */
  readonly otherwise: string;
}

export function choice(name: string, { comment, choices, otherwise }: ChoiceProps): States {
  return {
    [name]: {
      Type: "Choice",
      ...(comment !== undefined && { Comment: comment }),
      Choices: choices,
      Default: otherwise,
    },
  };
}

/** What a step returns as its status decides where its Choice leads. */
export function whenStatus(status: string, next: string): ChoiceRule {
  return { Variable: "$.step.status", StringEquals: status, Next: next };
}

export interface WaitProps {
  readonly comment?: string;
  readonly next: string;
}

/** Waits for as many seconds as the step before it said. */
export function wait(name: string, { comment, next }: WaitProps): States {
  return {
    [name]: {
      Type: "Wait",
      ...(comment !== undefined && { Comment: comment }),
      SecondsPath: "$.step.waitSeconds",
      Next: next,
    },
  };
}
