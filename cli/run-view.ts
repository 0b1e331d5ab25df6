import type { RunRecord } from "../core/ports.ts";
import { REVERSIBLE } from "../core/plan/phases.ts";
import type { Progress } from "../core/run/progress.ts";
import type { Execution, StepSeen } from "./services/state-machines.ts";
import type { Services } from "./services/services.ts";

/** What `status` shows of one run. A part that could not be read is absent, and `unread` says why. */
export interface RunView {
  readonly run: RunRecord;
  readonly execution?: Execution | undefined;
  /** The last step that said something, newest first in the execution's history. */
  readonly step?: StepSeen | undefined;
  readonly jobs: readonly Progress[];
  readonly unread: readonly string[];
}

/** A run that has not come to its end: not done, not rolled back, and its execution still going. */
export function isOpen({ run, execution }: RunView): boolean {
  if (run.phase === "done" || run.phase === "rolled-back") return false;
  return execution === undefined || execution.status === "RUNNING" || execution.status === "PENDING_REDRIVE";
}

/** Whether one flag flip still brings all traffic back. */
export const isReversible = ({ run }: RunView): boolean => REVERSIBLE.includes(run.phase);

/**
 * Reads what there is to know of a run. The control table has to answer; the state machine and the database are asked
 * too, and a run can be looked at while either of them does not.
 */
export async function readRunView(services: Services, run: RunRecord): Promise<RunView> {
  const [execution, step, jobs] = await Promise.all([
    attempt(() => services.stateMachines().describe(run.executionArn)),
    attempt(() => services.stateMachines().lastStep(run.executionArn)),
    attempt(() => readJobs(services, run)),
  ]);
  return {
    run,
    execution: execution.value,
    step: step.value,
    jobs: jobs.value ?? [],
    unread: [execution, step, jobs].flatMap(({ failure }) => failure ?? []),
  };
}

async function readJobs(services: Services, run: RunRecord): Promise<readonly Progress[]> {
  // Nothing is in the ledger before expand has made it.
  if (run.phase === "preflight" || run.phase === "expand") return [];
  const session = await services.database(run.table.split("/")[0] ?? "");
  return services.progress(session, { planHash: run.planHash, runId: run.runId });
}

interface Attempt<T> {
  readonly value?: T;
  readonly failure?: string;
}

async function attempt<T>(read: () => Promise<T>): Promise<Attempt<T>> {
  try {
    return { value: await read() };
  } catch (error) {
    return { failure: error instanceof Error ? error.message : String(error) };
  }
}
