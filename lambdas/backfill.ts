import { z } from "zod";
import { backfill } from "../core/run/backfill.ts";
import { runTask } from "./runtime/step.ts";

export const handler = runTask({ worker: z.int() }, (ports, run, { worker }) => backfill(ports, run, worker));
