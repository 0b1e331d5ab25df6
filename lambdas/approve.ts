import { z } from "zod";
import { decide } from "../core/run/operator/decide.ts";
import { command } from "./runtime/step.ts";

export const handler = command(
  { plan: z.string().optional(), gate: z.string().optional(), reason: z.string() },
  (ports, request) => decide(ports, { ...request, answer: "approved" }),
);
