import { PreflightRefused } from "../../errors.ts";
import type { OpenPlan } from "../../ledger/run.ts";
import { appliedSteps } from "../../ledger/step.ts";
import { migrationHash } from "../../migration/migration-hash.ts";
import type { Migration } from "../../migration/schema.ts";
import type { Plan } from "../../plan/plan.ts";
import type { Ports } from "../run.ts";

/**
 * The open plan of the migration, which the run goes on with.
 *
 * @throws PreflightRefused where the file has changed since, or the plan is being undone; PlanUnreadable.
 */
export async function resumedPlan(
  { plans, database }: Pick<Ports, "plans" | "database">,
  migration: Migration,
  open: OpenPlan,
): Promise<Plan> {
  requireSameMigration(open, migration);
  const plan = await plans.get(open.planHash);
  // An undo that died after its last drop has left the plan open, but the table has nothing of it any more.
  const applied = await appliedSteps(database, plan.hash);
  if (!plan.undo.some(({ id }) => applied.has(id))) return plan;
  throw new PreflightRefused({
    object: `migration "${plan.migration}"`,
    problem: `is being undone: the plan of run "${open.runId}" has steps of its undo applied`,
    remedy: "Start the undo again (sluice undo), which ends it, then start the migration",
  });
}

/** The expanded schema in the database is that of the file as it was then. */
function requireSameMigration(open: OpenPlan, migration: Migration): void {
  if (open.migrationHash === migrationHash(migration)) return;
  throw new PreflightRefused({
    object: `migration "${migration.migration}"`,
    problem: `has changed since run "${open.runId}" expanded the table by it`,
    remedy: "Deploy the file as it was then to go on, or undo that run first",
  });
}
