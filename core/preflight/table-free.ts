import type { CheckResult, PreflightContext } from "./check.ts";
import { findings } from "./finding.ts";

const { ok, refuse } = findings("table-free");

/** One active run a table: two would sync through each other's triggers. */
export function tableFree({ migration, runId, holder }: PreflightContext): CheckResult {
  if (!holder || holder.runId === runId) return ok(`migration "${migration.migration}"`, "has its table for itself");
  return refuse({
    object: `table "${holder.table}"`,
    message: `belongs to run "${holder.runId}" of migration "${holder.migration}", which is in phase ${holder.phase}`,
    remedy: "Wait for that run, or roll it back",
  });
}
