import { cutover } from "../core/run/cutover.ts";
import { runTask } from "./runtime/step.ts";

export const handler = runTask({}, cutover);
