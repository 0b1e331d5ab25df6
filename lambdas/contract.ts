import { contract } from "../core/run/contract/contract.ts";
import { runTask } from "./runtime/step.ts";

export const handler = runTask({}, contract);
