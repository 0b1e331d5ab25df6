import { applyNextStep } from "../core/run/apply-steps.ts";
import { enterPhase } from "../core/run/run.ts";
import { runTask } from "./runtime/step.ts";

export const handler = runTask({}, async (ports, run) => {
  await enterPhase(ports, run, "expand");
  return applyNextStep(ports.database, run, run.plan.expand);
});
