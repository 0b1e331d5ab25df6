import type { LocalState } from "./local-state.ts";

/** The whole stack on this machine: PostgreSQL, the Data API in front of it, the AWS emulator, and Sluice deployed. */
export interface LocalStack {
  /** What other processes are told; `environment` in it makes SDK, CLIs and Sluice talk to this stack. */
  readonly state: LocalState;
  /** The URL of the migrated database, as superuser. It holds the password. */
  readonly connectionString: string;
  /** Aborted at `sluice local down`. */
  readonly stopRequested: AbortSignal;
  /** Stops everything and waits for its end. Calling it again does nothing. */
  stop(): Promise<void>;
}

/**
 * Undoes what was started, last first. What fails does not keep the rest from being stopped.
 */
export class Teardown {
  readonly #steps: (() => Promise<void>)[] = [];

  add(step: () => Promise<void>): void {
    this.#steps.push(step);
  }

  /** @throws the first failure, once all steps were taken. */
  async run(): Promise<void> {
    const failures: unknown[] = [];
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) {
      await step().catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0) throw failures[0];
  }
}
