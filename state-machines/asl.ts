/** The part of the Amazon States Language that the state machines use. */

export interface Retrier {
  readonly ErrorEquals: readonly string[];
  readonly MaxAttempts: number;
  readonly IntervalSeconds?: number;
  readonly BackoffRate?: number;
  readonly MaxDelaySeconds?: number;
  readonly JitterStrategy?: "FULL";
}

export interface Catcher {
  readonly ErrorEquals: readonly string[];
  readonly ResultPath: string;
  readonly Next: string;
}

/** A call; none is without a Retry. */
export interface Task {
  readonly Type: "Task";
  readonly Comment: string;
  readonly Resource: string;
  readonly Parameters: Readonly<Record<string, unknown>>;
  /** `null` drops the result, so that the state's output is its input. */
  readonly ResultPath: string | null;
  readonly TimeoutSeconds?: number;
  readonly TimeoutSecondsPath?: string;
  readonly Retry: readonly Retrier[];
  readonly Catch?: readonly Catcher[];
  readonly Next: string;
}

export interface ChoiceRule {
  readonly Variable: string;
  readonly StringEquals?: string;
  readonly NumericGreaterThanEquals?: number;
  readonly Next: string;
}

export interface Choice {
  readonly Type: "Choice";
  readonly Comment?: string;
  readonly Choices: readonly ChoiceRule[];
  readonly Default: string;
}

export interface Wait {
  readonly Type: "Wait";
  readonly Comment?: string;
  readonly SecondsPath: string;
  readonly Next: string;
}

export type Pass = {
  readonly Type: "Pass";
  readonly Comment?: string;
  readonly Parameters: Readonly<Record<string, unknown>>;
  readonly ResultPath?: string;
} & ({ readonly Next: string } | { readonly End: true });

/**
 * A Map in Distributed mode: each item is an execution of its own.
 *
 * It has no Retry, which would start a new Map Run with all of its children: each child retries by itself and resumes
 * from the ledger.
 */
export interface DistributedMap {
  readonly Type: "Map";
  readonly Comment: string;
  /** Part of the children's ARNs; without one, Step Functions makes a random one for each version. */
  readonly Label: string;
  readonly ItemsPath: string;
  readonly ItemSelector: Readonly<Record<string, unknown>>;
  /** Never leads to 0, which stands for no limit. */
  readonly MaxConcurrencyPath: string;
  readonly ItemProcessor: {
    readonly ProcessorConfig: { readonly Mode: "DISTRIBUTED"; readonly ExecutionType: "STANDARD" };
    readonly StartAt: string;
    readonly States: States;
  };
  readonly ResultPath: null;
  readonly Catch: readonly Catcher[];
  readonly Next: string;
}

export interface Succeed {
  readonly Type: "Succeed";
  readonly OutputPath: string;
}

export interface Fail {
  readonly Type: "Fail";
  readonly Comment: string;
  readonly ErrorPath: string;
  readonly CausePath: string;
}

export type State = Task | Choice | Wait | Pass | DistributedMap | Succeed | Fail;
export type States = Readonly<Record<string, State>>;

export interface StateMachine {
  readonly Comment: string;
  readonly StartAt: string;
  readonly States: States;
}

export interface StateMachineProps {
  readonly comment: string;
  readonly startAt: string;
  /** What each fragment returns, in the order of reading. */
  readonly fragments: readonly States[];
}

/** @throws RangeError where two fragments have a state of the same name, of which one would be lost. */
export function stateMachine({ comment, startAt, fragments }: StateMachineProps): StateMachine {
  const names = fragments.flatMap((states) => Object.keys(states));
  const repeated = names.filter((name, index) => names.indexOf(name) !== index);
  if (repeated.length > 0) throw new RangeError(`states of the same name: ${repeated.join(", ")}. Rename all but one`);
  return { Comment: comment, StartAt: startAt, States: Object.assign({}, ...fragments) as States };
}

/**
 * An integration that Step Functions itself calls. CloudFormation substitutes the partition, since `aws` would not
 * deploy to China or GovCloud.
 */
export function integrationArn(call: string): string {
  return `arn:\${Partition}:states:::${call}`;
}
