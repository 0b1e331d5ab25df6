import { soakPhase } from "../core/gates/soak.ts";
import { pausable } from "../core/run/pausable.ts";
import { runTask } from "./runtime/step.ts";

export const handler = runTask({}, pausable(soakPhase));
