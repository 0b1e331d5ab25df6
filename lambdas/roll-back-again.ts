import { z } from "zod";
import { rollBackAgain, rollbackRequestSchema } from "../core/run/rollback/rollback.ts";
import { registryPorts } from "./runtime/ports.ts";
import { task } from "./runtime/step.ts";

export const handler = task(z.object({ request: rollbackRequestSchema }), ({ request }) =>
  rollBackAgain(registryPorts, request),
);
