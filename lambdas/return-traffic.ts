import { z } from "zod";
import { returnTraffic, rollbackClaimSchema } from "../core/run/rollback/rollback.ts";
import { registryPorts } from "./runtime/ports.ts";
import { task } from "./runtime/step.ts";

export const handler = task(z.object({ claim: rollbackClaimSchema }), ({ claim }) =>
  returnTraffic(registryPorts, claim),
);
