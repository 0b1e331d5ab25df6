import { z } from "zod";
import { claimRollback, rollbackRequestSchema } from "../core/run/rollback/rollback.ts";
import { registryPorts } from "./runtime/ports.ts";
import { task } from "./runtime/step.ts";

export const handler = task(z.object({ request: rollbackRequestSchema }), ({ request }) =>
  claimRollback(registryPorts, request),
);
