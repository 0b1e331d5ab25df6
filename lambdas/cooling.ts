import { coolingPhase } from "../core/run/gate/hold.ts";
import { pausable } from "../core/run/pausable.ts";
import { runTask } from "./runtime/step.ts";

export const handler = runTask({}, pausable(coolingPhase));
