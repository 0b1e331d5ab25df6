import { z } from "zod";
import { GATES } from "../core/gates/gate-names.ts";
import { gate } from "../core/gates/gate.ts";
import { pausable } from "../core/run/pausable.ts";
import { runTask } from "./runtime/step.ts";

export const handler = runTask({ gate: z.enum(GATES) }, pausable(gate));
