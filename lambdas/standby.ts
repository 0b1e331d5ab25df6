import { z } from "zod";
import { standBy } from "../core/run/standby.ts";
import { runTask } from "./runtime/step.ts";

export const handler = runTask({ token: z.string().min(1) }, (ports, run, { token }) => standBy(ports, run, token));
