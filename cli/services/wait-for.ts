import { z } from "zod";
import type { Clock } from "../../core/ports.ts";
import type { Execution, StateMachines } from "./state-machines.ts";

const POLL_MS = 1_000;

/** Waits for the end of an execution, however long that takes; `onPoll` is called at each poll. */
export async function waitForEnd(
  { machines, clock }: { readonly machines: StateMachines; readonly clock: Clock },
  executionArn: string,
  onPoll?: () => Promise<void>,
): Promise<Execution> {
  for (;;) {
    const execution = await machines.describe(executionArn);
    if (execution.status !== "RUNNING") return execution;
    await onPoll?.();
    await clock.sleep(POLL_MS);
  }
}

/** What pre-flight made of an execution: `refused` where it ended in the state of that name. */
export interface Preflight {
  readonly execution: Execution;
  readonly refused: boolean;
  /** What the run builds on, in its own words; absent where it did not pass. */
  readonly message?: string | undefined;
}

const passed = z.object({ run: z.object({ message: z.string() }) });

/** Pre-flight hands the run on at `$.run`; its message is for the operator. */
function messageOf(output: unknown): string | undefined {
  return passed.safeParse(output).data?.run.message;
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
      return { execution, refused: false, message: messageOf(await machines.firstOutput(executionArn)) };
    }
    await clock.sleep(POLL_MS);
  }
}
