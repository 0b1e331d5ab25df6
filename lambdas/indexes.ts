import { applyNextStep } from "../core/run/ddl/apply-steps.ts";
import { pausable } from "../core/run/pausable.ts";
import { requirePhase } from "../core/run/run.ts";
import { runTask } from "./runtime/step.ts";

export const handler = runTask(
  {},
  pausable(async ({ control, database }, run) => {
    await requirePhase(control, run, ["backfill"]);
    return applyNextStep(database, run, run.plan.indexes);
  }),
);
