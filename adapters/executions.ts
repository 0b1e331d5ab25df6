import {
  DescribeExecutionCommand,
  StartExecutionCommand,
  StopExecutionCommand,
  type SFNClient,
} from "@aws-sdk/client-sfn";
import { ServiceRefused } from "../core/errors.ts";
import type { Executions, ExecutionStatus } from "../core/ports.ts";
import { rollbackExecutionName } from "../core/run-name.ts";
import { errorName, translateError } from "./translate-error.ts";

/** Limits of StopExecution, in characters. */
const MAX_ERROR = 256;
const MAX_CAUSE = 32_768;
/** Rollbacks of one run that failed, each after minutes of retries, before another one is no help any more. */
const MAX_ROLLBACKS = 100;

export interface StepFunctionsExecutionsProps {
  readonly client: SFNClient;
  /** Of the machine that {@link StepFunctionsExecutions.startRun} starts; asked for only then. */
  readonly migrationMachineArn: () => string;
  /** Of the machine that {@link StepFunctionsExecutions.startRollback} starts; asked for only then. */
  readonly rollbackMachineArn: () => string;
}

/** Executions of Step Functions. */
export class StepFunctionsExecutions implements Executions {
  readonly #client: SFNClient;
  readonly #migrationMachineArn: () => string;
  readonly #rollbackMachineArn: () => string;

  constructor(props: StepFunctionsExecutionsProps) {
    this.#client = props.client;
    this.#migrationMachineArn = props.migrationMachineArn;
    this.#rollbackMachineArn = props.rollbackMachineArn;
  }

  async status(executionArn: string): Promise<ExecutionStatus> {
    try {
      const { status } = await this.#client.send(new DescribeExecutionCommand({ executionArn }));
      return status ?? "missing";
    } catch (error) {
      if (errorName(error) === "ExecutionDoesNotExist") return "missing";
      throw refused(executionArn, error);
    }
  }

  /** Step Functions takes a repeated call for the one that it has, while that runs with this very input. */
  async startRun(runId: string, migration: string): Promise<string | undefined> {
    return this.#start(this.#migrationMachineArn(), { name: runId, input: { migration } });
  }

  /**
   * The names are the lock: each is given once in 90 days, and every caller tries them in the same order. So callers
   * that come at once, however many, end at one execution: the first whose name is not that of a failed one.
   */
  async startRollback({ run, reason }: { readonly run: string; readonly reason: string }): Promise<string> {
    const machine = this.#rollbackMachineArn();
    for (let attempt = 1; attempt <= MAX_ROLLBACKS; attempt++) {
      const name = rollbackExecutionName(run, attempt);
      const started = await this.#start(machine, { name, input: { run, reason } });
      if (started !== undefined) return started;
      const there = executionArn(machine, name);
      if (!hasFailed(await this.status(there))) return there;
    }
    throw new ServiceRefused({
      object: `run "${run}"`,
      problem: `${String(MAX_ROLLBACKS)} rollbacks of it have failed`,
      remedy: "Look at the newest one in the Step Functions console, mend its cause, and run sluice rollback",
    });
  }

  /**
   * Asks first: services differ in what they answer for an execution that has ended. It may also end between the
   * question and the stop; what the stop then says does not matter.
   */
  async stop(executionArn: string, reason: { readonly error: string; readonly cause: string }): Promise<void> {
    if (!(await this.#mayRun(executionArn))) return;
    const error = reason.error.slice(0, MAX_ERROR);
    const cause = reason.cause.slice(0, MAX_CAUSE);
    try {
      await this.#client.send(new StopExecutionCommand({ executionArn, error, cause }));
    } catch (failure) {
      if (await this.#mayRun(executionArn)) throw refused(executionArn, failure);
    }
  }

  /** @returns undefined where the name is taken. */
  async #start(
    stateMachineArn: string,
    { name, input }: { readonly name: string; readonly input: object },
  ): Promise<string | undefined> {
    const command = new StartExecutionCommand({ stateMachineArn, name, input: JSON.stringify(input) });
    try {
      return (await this.#client.send(command)).executionArn;
    } catch (error) {
      if (errorName(error) === "ExecutionAlreadyExists") return undefined;
      throw refused(name, error);
    }
  }

  async #mayRun(executionArn: string): Promise<boolean> {
    const status = await this.status(executionArn);
    return status === "RUNNING" || status === "PENDING_REDRIVE";
  }
}

/** `missing` right after its name was taken: what Step Functions lists lags behind what it has started. */
function hasFailed(status: ExecutionStatus): boolean {
  return status === "FAILED" || status === "TIMED_OUT" || status === "ABORTED";
}

function executionArn(stateMachineArn: string, name: string): string {
  return `${stateMachineArn.replace(":stateMachine:", ":execution:")}:${name}`;
}

function refused(executionArn: string, error: unknown): Error {
  return translateError({ service: "Step Functions", object: `execution "${executionArn}"` }, error);
}
