import { gate } from "../core/run/gate.ts";
import { runTask } from "./runtime/step.ts";

export const handler = runTask({}, gate);
