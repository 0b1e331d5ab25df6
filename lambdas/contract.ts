import { contract } from "../core/run/contract.ts";
import { pausable } from "../core/run/pausable.ts";
import { runTask } from "./runtime/step.ts";

export const handler = runTask({}, pausable(contract));
