import { soakPhase } from "../core/run/hold.ts";
import { runTask } from "./runtime/step.ts";

export const handler = runTask({}, soakPhase);
