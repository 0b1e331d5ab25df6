import { coolingPhase } from "../core/run/hold.ts";
import { runTask } from "./runtime/step.ts";

export const handler = runTask({}, coolingPhase);
