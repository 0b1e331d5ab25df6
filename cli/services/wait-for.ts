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

/** Waits until an execution has left its first state, or ended. */
export async function waitForStart(
  { machines, clock }: { readonly machines: StateMachines; readonly clock: Clock },
  executionArn: string,
  firstState: string,
): Promise<Execution> {
  for (;;) {
    const execution = await machines.describe(executionArn);
    const state = await machines.currentState(executionArn);
    if (execution.status !== "RUNNING" || (state !== undefined && state !== firstState)) {
      // A state that fails is left too: the end that follows at once is what counts.
      return state === "Refused" ? waitForEnd({ machines, clock }, executionArn) : execution;
    }
    await clock.sleep(POLL_MS);
  }
}
