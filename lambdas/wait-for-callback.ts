import { z } from "zod";
import { waitForCallback } from "../core/run/wait-for-callback.ts";
import { runTask } from "./runtime/step.ts";

export const handler = runTask({ token: z.string().min(1) }, (ports, run, { token }) =>
  waitForCallback(ports, run, token),
);
