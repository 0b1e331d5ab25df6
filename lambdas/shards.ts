import { z } from "zod";
import { JOBS } from "../core/run/shards/jobs.ts";
import { pausable } from "../core/run/pausable.ts";
import { shards } from "../core/run/shards/shards.ts";
import { runTask } from "./runtime/step.ts";

export const handler = runTask(
  { job: z.enum(JOBS) },
  pausable((ports, run, { job }) => shards(ports, run, job)),
);
