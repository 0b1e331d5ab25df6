import { z } from "zod";
import { backfill } from "../core/run/shards/backfill.ts";
import { pausable } from "../core/run/pausable.ts";
import { runTask } from "./runtime/step.ts";

export const handler = runTask(
  { worker: z.int() },
  pausable((ports, run, { worker }) => backfill(ports, run, worker)),
);
