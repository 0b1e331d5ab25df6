import { z } from "zod";
import { rollbackClaimSchema, stopRun } from "../core/run/rollback/rollback.ts";
import { registryPorts } from "./runtime/ports.ts";
import { task } from "./runtime/step.ts";

export const handler = task(z.object({ claim: rollbackClaimSchema }), ({ claim }) => stopRun(registryPorts, claim));
