import { applyNextStep } from "../core/run/ddl/apply-steps.ts";
import { pausable } from "../core/run/pausable.ts";
import { enterPhase, type Ports } from "../core/run/run.ts";
import { runTask } from "./runtime/step.ts";

export const handler = runTask(
  {},
  pausable(async (ports: Ports, run) => {
    await enterPhase(ports, run, "expand");
    return applyNextStep(ports.database, run, run.plan.expand);
  }),
);
