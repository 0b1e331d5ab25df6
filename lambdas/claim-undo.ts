import { z } from "zod";
import { claimUndo, databaseToUndo, undoRequestSchema } from "../core/run/way-back/undo.ts";
import { controlPorts, portsFor } from "./runtime/ports.ts";
import { task } from "./runtime/step.ts";

export const handler = task(z.object({ request: undoRequestSchema }), async ({ request }) =>
  claimUndo(portsFor(await databaseToUndo(controlPorts, request)), request),
);
