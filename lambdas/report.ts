import { report } from "../core/run/report.ts";
import { runTask } from "./runtime/step.ts";

export const handler = runTask({}, report);
