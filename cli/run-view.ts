import type { Approval, RunRecord } from "../core/ports.ts";
import { REVERSIBLE } from "../core/plan/phases.ts";
import { databaseOf } from "../core/table-key.ts";
import type { Progress } from "../core/run/shards/progress.ts";
import type { Execution, StepSeen } from "./services/state-machines.ts";
import type { Services } from "./services/services.ts";

/** What `status` shows of one run. A part that could not be read is absent, and `unread` says why. */
export interface RunView {
  readonly run: RunRecord;
  readonly execution?: Execution | undefined;
  /** The last step that said something, newest first in the execution's history; of a gate, with what it read. */
  readonly step?: StepSeen | undefined;
  readonly jobs: readonly Progress[];
  /** Approvals, pending and decided, oldest first. */
  readonly approvals: readonly Approval[];
  /** The newest run of the same migration, where one began after this one was rolled back. */
  readonly successor?: RunRecord | undefined;
  readonly unread: readonly string[];
}

/** Whether the run's traffic was returned, whatever became of what it had added. */
export function wasRolledBack({ phase }: Pick<RunRecord, "phase">): boolean {
  return phase === "rolled-back" || phase === "undoing" || phase === "undone";
}

/** A run with nothing before it: done, or rolled back. One that stopped inside a phase has not ended. */
export function hasEnded({ run }: Pick<RunView, "run">): boolean {
  return run.phase === "done" || wasRolledBack(run);
}

/** A run that has not come to its end: not done, not rolled back, and its execution still going. */
export function isOpen({ run, execution }: Pick<RunView, "run" | "execution">): boolean {
  if (hasEnded({ run })) return false;
  return execution === undefined || execution.status === "RUNNING" || execution.status === "PENDING_REDRIVE";
}

/** Whether one flag flip still brings all traffic back. */
export const isReversible = ({ run }: Pick<RunView, "run">): boolean => REVERSIBLE.includes(run.phase);

/** The pending approval of a run: the last one without a decision. */
export function openApproval(approvals: readonly Approval[]): Approval | undefined {
  return approvals.findLast(({ decision }) => decision === undefined);
}

/**
 * Reads what there is to know of a run. The run registry has to answer; the state machine and the database are asked
 * too, and a run can be shown while either of them does not answer.
 */
export async function readRunView(services: Services, run: RunRecord): Promise<RunView> {
  const [execution, step, jobs, approvals, successor] = await Promise.all([
    attempt(() => services.stateMachines().describe(run.executionArn)),
    attempt(() => services.stateMachines().lastStep(run.executionArn)),
    attempt(() => readJobs(services, run)),
    attempt(async () => (await services.approvals()).ofRun(run.runId)),
    attempt(() => readSuccessor(services, run)),
  ]);
  return {
    run,
    execution: execution.value,
    step: step.value,
    jobs: jobs.value ?? [],
    approvals: approvals.value ?? [],
    successor: successor.value,
    unread: [execution, step, jobs, approvals, successor].flatMap(({ failure }) => failure ?? []),
  };
}

async function readJobs(services: Services, run: RunRecord): Promise<readonly Progress[]> {
  // Nothing is in the ledger before expand has made it.
  if (run.phase === "preflight" || run.phase === "expand") return [];
  const session = await services.database(databaseOf(run));
  return services.progress(session, { planHash: run.planHash, runId: run.runId });
}

/** How far back among all runs a successor is looked for. */
const RUNS_LOOKED_AT = 200;

/** What can be done with a run that was rolled back depends on whether its migration was started again. */
async function readSuccessor(services: Services, run: RunRecord): Promise<RunRecord | undefined> {
  if (!wasRolledBack(run)) return undefined;
  const runs = await (await services.registry()).runs(RUNS_LOOKED_AT);
  return runs.find(({ migration, startedAt }) => migration === run.migration && startedAt > run.startedAt);
}

/**
 * What the run registry knows of a run before something is done about it; undefined where it knows none or does not answer,
 * since the command does not wait for it.
 */
export async function runBefore(
  services: Services,
  name: string,
): Promise<Pick<RunView, "run" | "successor"> | undefined> {
  const read = await attempt(async () => {
    const run = await (await services.registry()).run(name);
    return run && { run, successor: await readSuccessor(services, run) };
  });
  return read.value;
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
