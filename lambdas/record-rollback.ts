import { z } from "zod";
import { recordRollback, rollbackClaimSchema } from "../core/run/rollback.ts";
import { controlPorts, portsFor } from "./runtime/ports.ts";
import { task } from "./runtime/step.ts";

export const handler = task(z.object({ claim: rollbackClaimSchema }), async ({ claim }) => {
  const plan = await controlPorts.plans.get(claim.planHash);
  return recordRollback(portsFor(plan.database), claim);
});
