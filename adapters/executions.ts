import {
  DescribeExecutionCommand,
  StartExecutionCommand,
  StopExecutionCommand,
  type SFNClient,
} from "@aws-sdk/client-sfn";
import type { Executions, ExecutionStatus } from "../core/ports.ts";
import { errorName, translateError } from "./translate-error.ts";

/** Limits of StopExecution, in characters. */
const MAX_ERROR = 256;
const MAX_CAUSE = 32_768;

export interface StepFunctionsExecutionsProps {
  readonly client: SFNClient;
  /** Of the machine that {@link StepFunctionsExecutions.startRun} starts; asked for only then. */
  readonly migrationMachineArn: () => string;
}

/** Executions of Step Functions. */
export class StepFunctionsExecutions implements Executions {
  readonly #client: SFNClient;
  readonly #migrationMachineArn: () => string;

  constructor(props: StepFunctionsExecutionsProps) {
    this.#client = props.client;
    this.#migrationMachineArn = props.migrationMachineArn;
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
    const stateMachineArn = this.#migrationMachineArn();
    try {
      const input = JSON.stringify({ migration });
      const command = new StartExecutionCommand({ stateMachineArn, name: runId, input });
      return (await this.#client.send(command)).executionArn;
    } catch (error) {
      if (errorName(error) === "ExecutionAlreadyExists") return undefined;
      throw refused(runId, error);
    }
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

  async #mayRun(executionArn: string): Promise<boolean> {
    const status = await this.status(executionArn);
    return status === "RUNNING" || status === "PENDING_REDRIVE";
  }
}

function refused(executionArn: string, error: unknown): Error {
  return translateError({ service: "Step Functions", object: `execution "${executionArn}"` }, error);
}
