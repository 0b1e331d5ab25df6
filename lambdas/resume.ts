import { resume } from "../core/run/operator/pause.ts";
import { command } from "./runtime/step.ts";

export const handler = command({}, resume);
