import { z } from "zod";
import { GATES } from "../../core/migration/schema.ts";
import type { GateEvaluation } from "../../core/run/gate/evaluation.ts";

const reading = z.object({
  kind: z.enum(["alarm", "metric", "sql", "divergence", "approval"]),
  name: z.string(),
  value: z.string(),
  threshold: z.string(),
  verdict: z.enum(["pass", "hold", "fail"]),
  reason: z.string(),
});

const evaluation = z.object({
  gate: z.enum([...GATES, "soak", "cooling"]),
  verdict: z.enum(["pass", "hold", "callback", "fail"]),
  readings: z.array(reading),
  passedSeconds: z.number(),
  holdSeconds: z.number(),
  heldSeconds: z.number(),
  timeoutSeconds: z.number(),
}) satisfies z.ZodType<GateEvaluation>;

/** The evaluation of a gate that a history has; undefined where another version of Sluice wrote something else there. */
export function evaluationOf(value: unknown): GateEvaluation | undefined {
  return evaluation.safeParse(value).data;
}
