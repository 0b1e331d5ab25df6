import { z } from "zod";
import { pause } from "../core/run/operator/pause.ts";
import { command } from "./runtime/step.ts";

export const handler = command({ reason: z.string() }, pause);
