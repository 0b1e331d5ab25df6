import { claimContract } from "../core/run/contract/claim-contract.ts";
import { pausable } from "../core/run/pausable.ts";
import { runTask } from "./runtime/step.ts";

export const handler = runTask({}, pausable(claimContract));
