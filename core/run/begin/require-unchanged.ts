import { PreflightRefused } from "../../errors.ts";
import type { Migration } from "../../migration/schema.ts";
import { canonicalJson } from "../../plan/canonical.ts";
import { tableKeys, tablesObject } from "../../table-key.ts";
import type { Ports, RunRef } from "../run.ts";
import { readState, type State } from "./read-state.ts";

export interface UnchangedProps {
  readonly runId: string;
  readonly migration: Migration;
  /** As it was read before the tables were locked. */
  readonly before: State;
  readonly resumeAt: RunRef["resumeAt"];
}

/**
 * Reads the state again, now that the tables are locked: another run may have gone on, or come to its end, since. This
 * run would fail, and its rollback would send traffic to a shape that the other one has dropped.
 *
 * @throws PreflightRefused where it is not what the run was checked and planned by.
 */
export async function requireUnchanged(
  ports: Pick<Ports, "registry" | "database" | "clock">,
  { runId, migration, before, resumeAt }: UnchangedProps,
): Promise<void> {
  const now = await readState(ports, migration);
  if (canonicalJson(fingerprint(before, resumeAt)) === canonicalJson(fingerprint(now, resumeAt))) return;
  if (!canRollBack(now, resumeAt)) await endRun(ports, runId);
  throw new PreflightRefused({
    object: tablesObject(tableKeys(migration)),
    problem: "changed during preflight, by another run or by DDL from elsewhere",
    remedy: "Start the migration again under another name; nothing was touched",
  });
}

/** Without what changes by itself: sizes, and inside contract the columns. */
function fingerprint({ catalog: { table }, open, generation }: State, resumeAt: RunRef["resumeAt"]): object {
  if (resumeAt === "contract") return { open, generation };
  const { columns, indexes, constraints, triggers } = table ?? {};
  return { open, generation, columns, indexes, constraints, triggers };
}

/**
 * Whether the shape that a rollback returns traffic to is there. The run then keeps its locks: it may have taken them
 * over from a run that died with traffic on the new path, and is now what an alarm, a rollback or the next start finds.
 */
function canRollBack({ open }: State, resumeAt: RunRef["resumeAt"]): boolean {
  return open !== undefined && (resumeAt === "contract" || !open.contractBegun);
}

async function endRun({ registry, clock }: Pick<Ports, "registry" | "clock">, runId: string): Promise<void> {
  const reason = "the table changed during preflight";
  await registry.transition({ runId, from: ["preflight"], to: "rolled-back", at: clock.now().toISOString(), reason });
  await registry.releaseTableLocks(runId, "run");
}
