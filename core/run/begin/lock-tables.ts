import { PreflightRefused } from "../../errors.ts";
import type { Phase } from "../../plan/phases.ts";
import type { RunRecord } from "../../ports.ts";
import { tablesObject } from "../../table-key.ts";
import type { Ports } from "../run.ts";
import { takeOverDeadRuns } from "./take-over-dead-runs.ts";

/**
 * Registers the run and locks all of its tables, or none.
 *
 * @throws PreflightRefused where another run that may go on has one of them locked.
 */
export async function lockTables(
  ports: Pick<Ports, "registry" | "executions" | "clock">,
  run: RunRecord,
): Promise<void> {
  const holder = (await ports.registry.acquireTableLocks(run)) && (await takeOverDeadRuns(ports, run));
  if (!holder) return;
  throw new PreflightRefused({
    object: tablesObject(run.tables.filter((table) => holder.tables.includes(table))),
    problem: `locked by run "${holder.runId}", which is in phase ${holder.phase}`,
    remedy: remedyFor(holder.phase),
  });
}

function remedyFor(phase: Phase): string {
  if (phase === "rolled-back") return "Its rollback is not over: wait for it, or start it again with sluice rollback";
  if (phase === "undoing") return "Its undo is not over: wait for it, or start it again with sluice undo";
  if (phase === "contract") return "Wait for that run; where it has failed, start its migration again, which goes on";
  return "Wait for that run, or roll it back";
}
