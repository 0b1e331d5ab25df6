import { applyNextStep } from "../core/run/ddl/apply-steps.ts";
import { pausable } from "../core/run/pausable.ts";
import { requirePhase } from "../core/run/run.ts";
import { runTask } from "./runtime/step.ts";

export const handler = runTask(
  {},
  pausable(async ({ registry, database }, run) => {
    await requirePhase(registry, run, ["backfill"]);
    return applyNextStep(database, run, run.plan.indexes);
  }),
);
