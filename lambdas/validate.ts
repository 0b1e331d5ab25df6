import { z } from "zod";
import { VALIDATION_JOBS } from "../core/run/shards/jobs.ts";
import { pausable } from "../core/run/pausable.ts";
import { validate } from "../core/run/shards/validate.ts";
import { runTask } from "./runtime/step.ts";

export const handler = runTask({ worker: z.int(), job: z.enum(VALIDATION_JOBS) }, pausable(validate));
