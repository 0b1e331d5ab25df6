import { z } from "zod";
import { start } from "../core/run/operator/start.ts";
import { command } from "./runtime/step.ts";

export const handler = command({ migration: z.string().min(1) }, start);
