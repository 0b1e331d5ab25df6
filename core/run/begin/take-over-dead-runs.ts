import { REVERSIBLE } from "../../plan/phases.ts";
import type { RunRecord } from "../../ports.ts";
import type { Ports } from "../run.ts";

type TakeOverPorts = Pick<Ports, "registry" | "executions" | "clock">;

/**
 * Takes over the locks of every dead run that has one of this run's tables: its execution is over, and it has not
 * released them. None is closed before all are known to be dead.
 *
 * @returns undefined where the tables are now `run`'s, or else a run that keeps one of them.
 */
export async function takeOverDeadRuns(ports: TakeOverPorts, run: RunRecord): Promise<RunRecord | undefined> {
  const { registry } = ports;
  const holders = distinct([...(await registry.lockHolders(run.tables)).values()]);
  for (const holder of holders) if (await mayGoOn(ports, holder)) return holder;
  for (const holder of holders) {
    const keeper = await closeDeadRun(ports, run, holder);
    if (keeper) return keeper;
  }
  const dead = holders.map(({ runId }) => runId);
  return registry.acquireTableLocks(run, dead);
}

/** A run may have several of the tables. */
function distinct(runs: readonly RunRecord[]): readonly RunRecord[] {
  return [...new Map(runs.map((run) => [run.runId, run])).values()];
}

async function mayGoOn({ executions }: TakeOverPorts, holder: RunRecord): Promise<boolean> {
  return isEnding(holder) || (await executions.status(holder.executionArn)) === "RUNNING";
}

/** A rollback or an undo may be under way: each releases the locks when it is over. */
function isEnding({ phase }: RunRecord): boolean {
  return phase === "rolled-back" || phase === "undoing";
}

/**
 * Closes a dead run, so that a call of it that is still under way finds itself superseded. One that contract has claimed
 * cannot be: only a run that goes on with the contract of its plan may follow it.
 *
 * @returns undefined where its locks may be taken over, or else the run as it is.
 */
async function closeDeadRun(
  { registry, clock }: TakeOverPorts,
  run: RunRecord,
  dead: RunRecord,
): Promise<RunRecord | undefined> {
  const reason = `its execution ended without a rollback; run ${run.runId} goes on with its plan`;
  const at = clock.now().toISOString();
  const closed = await registry.transition({ runId: dead.runId, from: REVERSIBLE, to: "rolled-back", at, reason });
  const sameContract = run.phase === "contract" && closed.planHash === run.planHash;
  if (closed.phase === "contract" && !sameContract) return closed;
  // A rollback was faster: it changes the flag, and ends by releasing the locks.
  return isEnding(closed) && closed.reason !== reason ? closed : undefined;
}
