import {
  DescribeExecutionCommand,
  GetExecutionHistoryCommand,
  type HistoryEvent,
  type SFNClient,
  StartExecutionCommand,
} from "@aws-sdk/client-sfn";
import { errorName, translateError } from "../../adapters/translate-error.ts";
import type { ExecutionStatus } from "../../core/ports.ts";
import { causeText } from "../../core/run/rollback/failure-cause.ts";
import type { GateEvaluation } from "../../core/run/gate/evaluation.ts";
import { executionArn } from "./execution-arn.ts";
import { evaluationOf } from "./gate-evaluation.ts";

/** How an execution stands, and where it failed, what it said. */
export interface Execution {
  readonly status: ExecutionStatus;
  readonly failure?: Failure | undefined;
  /** What it returned, parsed; absent until it succeeds. */
  readonly output?: unknown;
}

/** The error of a failed execution: the name is of core/errors.ts, or of Step Functions. */
export interface Failure {
  readonly name: string;
  readonly message: string;
}

/** The last state that left a message. */
export interface StepSeen {
  readonly state: string;
  readonly message: string;
  /** ISO 8601 in UTC. */
  readonly at: string;
  /** What it read, where it was the evaluation of a gate. */
  readonly gate?: GateEvaluation;
}

export interface StartProps {
  readonly stateMachineArn: string;
  readonly name: string;
  readonly input: Readonly<Record<string, string>>;
}

/** The console of Step Functions, as far as the command line needs it. */
export interface StateMachines {
  /** The new execution's ARN; undefined where another execution had the name already. */
  start(props: StartProps): Promise<string | undefined>;
  describe(executionArn: string): Promise<Execution>;
  /** The state that it is in: the last one that was entered. Undefined before the first. */
  currentState(executionArn: string): Promise<string | undefined>;
  lastStep(executionArn: string): Promise<StepSeen | undefined>;
  /** What the first state handed on, parsed: of a migration that is what pre-flight made. Undefined before. */
  firstOutput(executionArn: string): Promise<unknown>;
}

/** The first state's Task is among these, however often it was tried: its retries are few. */
const FIRST_EVENTS = 100;

/** How far back to look for a message: a Map of forty workers writes about this many events around it. */
const EVENTS_LOOKED_AT = 200;

const NEWEST = { reverseOrder: true, maxResults: EVENTS_LOOKED_AT } as const;
const OLDEST = { reverseOrder: false, maxResults: FIRST_EVENTS } as const;

export class StepFunctionsConsole implements StateMachines {
  readonly #client: SFNClient;

  constructor(props: { readonly client: SFNClient }) {
    this.#client = props.client;
  }

  async start({ stateMachineArn, name, input }: StartProps): Promise<string | undefined> {
    try {
      const command = new StartExecutionCommand({ stateMachineArn, name, input: JSON.stringify(input) });
      const started = await this.#client.send(command);
      return started.executionArn ?? executionArn(stateMachineArn, name);
    } catch (error) {
      if (errorName(error) === "ExecutionAlreadyExists") return undefined;
      throw translateError({ service: "Step Functions", object: `state machine "${stateMachineArn}"` }, error);
    }
  }

  async describe(arn: string): Promise<Execution> {
    try {
      const { status, error, cause, output } = await this.#client.send(
        new DescribeExecutionCommand({ executionArn: arn }),
      );
      return {
        status: status ?? "missing",
        failure: error === undefined && cause === undefined ? undefined : failureOf(error, cause),
        output: output === undefined ? undefined : parsed(output),
      };
    } catch (error) {
      if (errorName(error) === "ExecutionDoesNotExist") return { status: "missing" };
      throw translateError({ service: "Step Functions", object: `execution "${arn}"` }, error);
    }
  }

  async currentState(arn: string): Promise<string | undefined> {
    const events = await this.#events(arn, NEWEST);
    return events.find(({ stateEnteredEventDetails }) => stateEnteredEventDetails !== undefined)
      ?.stateEnteredEventDetails?.name;
  }

  async lastStep(arn: string): Promise<StepSeen | undefined> {
    const events = await this.#events(arn, NEWEST);
    for (const event of events) {
      const seen = stepSeen(event);
      if (seen !== undefined) return seen;
    }
    return undefined;
  }

  async firstOutput(arn: string): Promise<unknown> {
    const events = await this.#events(arn, OLDEST);
    const exit = events.find(({ stateExitedEventDetails }) => stateExitedEventDetails !== undefined);
    return parsed(exit?.stateExitedEventDetails?.output ?? "");
  }

  async #events(arn: string, which: typeof NEWEST | typeof OLDEST): Promise<readonly HistoryEvent[]> {
    try {
      const { events } = await this.#client.send(new GetExecutionHistoryCommand({ executionArn: arn, ...which }));
      return events ?? [];
    } catch (error) {
      if (errorName(error) === "ExecutionDoesNotExist") return [];
      throw translateError({ service: "Step Functions", object: `history of execution "${arn}"` }, error);
    }
  }
}

/** Tasks that leave no step result of their own: what stands at `$.step` when they are over was said before them. */
const SAYS_NOTHING = /^(WaitForCallback|RollBack|Report$)/;

/** A Task's step result is at `$.step` of what its state hands on. Wait and Choice states carry an older one along. */
function stepSeen({ type, timestamp, stateExitedEventDetails }: HistoryEvent): StepSeen | undefined {
  const state = stateExitedEventDetails?.name;
  if (type !== "TaskStateExited" || state === undefined || SAYS_NOTHING.test(state)) return undefined;
  const step = field(parsed(stateExitedEventDetails?.output ?? ""), "step");
  const message = field(step, "message");
  if (typeof message !== "string") return undefined;
  const gate = evaluationOf(field(step, "gate"));
  return { state, message, at: timestamp?.toISOString() ?? "", ...(gate && { gate }) };
}

function failureOf(error: string | undefined, cause: string | undefined): Failure {
  return { name: error ?? "unknown error", message: causeText(cause ?? "") };
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

function field(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>)[key] : undefined;
}
