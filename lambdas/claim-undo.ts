import { z } from "zod";
import { claimUndo, databaseToUndo, undoRequestSchema } from "../core/run/rollback/undo.ts";
import { registryPorts, portsFor } from "./runtime/ports.ts";
import { task } from "./runtime/step.ts";

export const handler = task(z.object({ request: undoRequestSchema }), async ({ request }) =>
  claimUndo(portsFor(await databaseToUndo(registryPorts, request)), request),
);
