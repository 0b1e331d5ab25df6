import type { Clock } from "../../core/ports.ts";
import type { Execution, StateMachines } from "./state-machines.ts";

const POLL_MS = 1_000;

/** Waits for the end of an execution, however long that takes; `onLook` is told at each look. */
export async function waitForEnd(
  { machines, clock }: { readonly machines: StateMachines; readonly clock: Clock },
  executionArn: string,
  onLook?: () => Promise<void>,
): Promise<Execution> {
  for (;;) {
    const execution = await machines.describe(executionArn);
    if (execution.status !== "RUNNING") return execution;
    await onLook?.();
    await clock.sleep(POLL_MS);
  }
}

/** What pre-flight made of an execution: `refused` where it ended in the state of that name. */
export interface Preflight {
  readonly execution: Execution;
  readonly refused: boolean;
}

/** Waits until an execution of the migration machine has left pre-flight, or ended. */
export async function waitForPreflight(
  { machines, clock }: { readonly machines: StateMachines; readonly clock: Clock },
  executionArn: string,
): Promise<Preflight> {
  for (;;) {
    const execution = await machines.describe(executionArn);
    const state = await machines.currentState(executionArn);
    // The end follows at once, and tells why.
    if (state === "Refused") return { execution: await waitForEnd({ machines, clock }, executionArn), refused: true };
    if (execution.status !== "RUNNING" || (state !== undefined && state !== "Preflight")) {
      return { execution, refused: false };
    }
    await clock.sleep(POLL_MS);
  }
}
