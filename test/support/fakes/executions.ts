import type { Executions, ExecutionStatus } from "../../../core/ports.ts";
import { rollbackExecutionName } from "../../../core/run-name.ts";

/** An execution that the fake was asked to start. */
export interface FakeExecution {
  readonly executionArn: string;
  readonly input: object;
}

export class FakeExecutions implements Executions {
  readonly #statuses = new Map<string, ExecutionStatus>();
  /** What was stopped, and why. */
  readonly stopped: { readonly executionArn: string; readonly error: string; readonly cause: string }[] = [];
  /** What was started, in order. */
  readonly runs: FakeExecution[] = [];
  readonly rollbacks: FakeExecution[] = [];

  set(executionArn: string, status: ExecutionStatus): void {
    this.#statuses.set(executionArn, status);
  }

  status(executionArn: string): Promise<ExecutionStatus> {
    return Promise.resolve(this.#statuses.get(executionArn) ?? "missing");
  }

  startRun(runId: string, migration: string): Promise<string | undefined> {
    const executionArn = arn("migration", runId);
    if (this.#statuses.has(executionArn)) return Promise.resolve(undefined);
    this.#statuses.set(executionArn, "RUNNING");
    this.runs.push({ executionArn, input: { migration } });
    return Promise.resolve(executionArn);
  }

  async startRollback({ run, reason }: { readonly run: string; readonly reason: string }): Promise<string> {
    for (let attempt = 1; ; attempt++) {
      const executionArn = arn("rollback", rollbackExecutionName(run, attempt));
      // As long as it takes to ask, so that callers come between each other.
      await Promise.resolve();
      const status = this.#statuses.get(executionArn);
      if (status === undefined) {
        this.#statuses.set(executionArn, "RUNNING");
        this.rollbacks.push({ executionArn, input: { run, reason } });
      }
      if (status === undefined || !["FAILED", "TIMED_OUT", "ABORTED"].includes(status)) return executionArn;
    }
  }

  async stop(executionArn: string, reason: { readonly error: string; readonly cause: string }): Promise<void> {
    if ((await this.status(executionArn)) !== "RUNNING") return;
    this.#statuses.set(executionArn, "ABORTED");
    this.stopped.push({ executionArn, ...reason });
  }
}

function arn(machine: string, name: string): string {
  return `arn:aws:states:us-east-1:000000000000:execution:${machine}:${name}`;
}
