import { z } from "zod";
import { returnTraffic, rollbackClaimSchema } from "../core/run/way-back/rollback.ts";
import { controlPorts } from "./runtime/ports.ts";
import { task } from "./runtime/step.ts";

export const handler = task(z.object({ claim: rollbackClaimSchema }), ({ claim }) =>
  returnTraffic(controlPorts, claim),
);
