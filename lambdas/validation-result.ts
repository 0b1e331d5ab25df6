import { z } from "zod";
import { VALIDATION_JOBS } from "../core/run/shards/jobs.ts";
import { judgeValidation } from "../core/run/shards/validation-result.ts";
import { runTask } from "./runtime/step.ts";

export const handler = runTask({ job: z.enum(VALIDATION_JOBS) }, (ports, run, { job }) =>
  judgeValidation(ports, run, job),
);
