import { z } from "zod";
import { recordUndo, undoClaimSchema } from "../core/run/rollback/undo.ts";
import { portsFor } from "./runtime/ports.ts";
import { task } from "./runtime/step.ts";

export const handler = task(z.object({ claim: undoClaimSchema }), ({ claim }) =>
  recordUndo(portsFor(claim.database), claim),
);
