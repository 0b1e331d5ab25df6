import { z } from "zod";
import { undo, undoClaimSchema } from "../core/run/rollback/undo.ts";
import { portsFor } from "./runtime/ports.ts";
import { task } from "./runtime/step.ts";

export const handler = task(z.object({ claim: undoClaimSchema }), ({ claim }) => undo(portsFor(claim.database), claim));
