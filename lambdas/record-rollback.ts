import { z } from "zod";
import { recordRollback, rollbackClaimSchema } from "../core/run/rollback/rollback.ts";
import { portsFor } from "./runtime/ports.ts";
import { task } from "./runtime/step.ts";

export const handler = task(z.object({ claim: rollbackClaimSchema }), ({ claim }) =>
  recordRollback(portsFor(claim.database), claim),
);
