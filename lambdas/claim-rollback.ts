import { z } from "zod";
import { claimRollback, rollbackRequestSchema } from "../core/run/way-back/rollback.ts";
import { controlPorts } from "./runtime/ports.ts";
import { task } from "./runtime/step.ts";

export const handler = task(z.object({ request: rollbackRequestSchema }), ({ request }) =>
  claimRollback(controlPorts, request),
);
