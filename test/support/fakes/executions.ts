import type { Executions, ExecutionStatus } from "../../../core/ports.ts";

export class FakeExecutions implements Executions {
  readonly #statuses = new Map<string, ExecutionStatus>();
  /** What was stopped, and why. */
  readonly stopped: { readonly executionArn: string; readonly error: string; readonly cause: string }[] = [];

  set(executionArn: string, status: ExecutionStatus): void {
    this.#statuses.set(executionArn, status);
  }

  status(executionArn: string): Promise<ExecutionStatus> {
    return Promise.resolve(this.#statuses.get(executionArn) ?? "missing");
  }

  async stop(executionArn: string, reason: { readonly error: string; readonly cause: string }): Promise<void> {
    if ((await this.status(executionArn)) !== "RUNNING") return;
    this.#statuses.set(executionArn, "ABORTED");
    this.stopped.push({ executionArn, ...reason });
  }
}
