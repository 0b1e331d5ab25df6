import { z } from "zod";
import { JOBS } from "../core/run/jobs.ts";
import { shards } from "../core/run/shards.ts";
import { runTask } from "./runtime/step.ts";

export const handler = runTask({ job: z.enum(JOBS) }, (ports, run, { job }) => shards(ports, run, job));
