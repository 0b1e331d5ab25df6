import { z } from "zod";
import { GATES } from "../../core/migration/schema.ts";
import type { GateEvaluation } from "../../core/gates/evaluation.ts";

const reading = z.object({
  kind: z.enum(["alarm", "metric", "sql", "divergence", "approval"]),
  name: z.string(),
  value: z.string(),
  threshold: z.string(),
  status: z.enum(["pass", "wait", "fail"]),
  reason: z.string(),
});

const evaluation = z.object({
  gate: z.enum([...GATES, "soak", "cooling"]),
  status: z.enum(["pass", "wait", "ask", "fail"]),
  readings: z.array(reading),
  stableSeconds: z.number(),
  stableForSeconds: z.number(),
  waitedSeconds: z.number(),
  timeoutSeconds: z.number(),
}) satisfies z.ZodType<GateEvaluation>;

/** The look at a gate that a history holds; undefined where another version of Sluice wrote something else there. */
export function evaluationOf(value: unknown): GateEvaluation | undefined {
  return evaluation.safeParse(value).data;
}
