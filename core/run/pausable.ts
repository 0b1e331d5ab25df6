import type { RunRecord } from "../ports.ts";
import { recordPauses } from "../ledger/pause.ts";
import type { Ports, Run } from "./run.ts";
import { callback, type StepResult } from "./step-result.ts";

/** A step that the state machine calls again and again, and whose Choice has a branch to a callback. */
export type LoopingStep<P, Event> = (ports: P, run: Run, event: Event) => Promise<StepResult>;

type PausePorts = Pick<Ports, "registry" | "database">;

/** What is done again while a pause lasts: a day later the step is asked anew, and stands by again. */
const CALLBACK_SECONDS = 86_400;

/**
 * Makes a step stand by while the run is paused, instead of doing its work.
 *
 * The ledger is told of a pause here, by whichever step meets it first, and of its end by the one that goes on. A
 * ledger that does not answer keeps no run from standing by: the run registry remembers the pause, and whoever goes on writes
 * down both ends of it before it does anything else.
 *
 * @example
 * export const handler = runTask({}, pausable(soakPhase));
 */
export function pausable<P extends PausePorts, Event>(
  step: LoopingStep<P & PausePorts, Event>,
): LoopingStep<P & PausePorts, Event> {
  return async (ports, run, event) => {
    const record = await ports.registry.run(run.ref.id);
    if (record?.paused) return pausedResult(ports, record, record.paused);
    if (record?.lastPause) await recordPauses(ports.database, record);
    return step(ports, run, event);
  };
}

/** The answer of a step that meets a pause in the midst of its work; undefined where the run is not paused. */
export async function pausedAnswer(ports: PausePorts, record: RunRecord): Promise<StepResult | undefined> {
  return record.paused && pausedResult(ports, record, record.paused);
}

async function pausedResult(
  { database }: PausePorts,
  record: RunRecord,
  { by, at, reason }: NonNullable<RunRecord["paused"]>,
): Promise<StepResult> {
  const message = `paused by ${by} since ${at}: ${reason}`;
  const ledger = await recordPauses(database, record).then(
    () => "",
    (error: unknown) => ` (the ledger is to be told later: ${error instanceof Error ? error.message : String(error)})`,
  );
  return callback(CALLBACK_SECONDS, message + ledger);
}
