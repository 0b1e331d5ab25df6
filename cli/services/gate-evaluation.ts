import { z } from "zod";
import type { GateEvaluation } from "../../core/gates/evaluation.ts";

/** Another version may know other kinds, and other words: what is not understood is shown as waiting, never as passed. */
const reading = z.object({
  kind: z.string(),
  name: z.string(),
  value: z.string().catch("unreadable"),
  threshold: z.string().catch(""),
  status: z.enum(["pass", "wait", "fail"]).catch("wait"),
  reason: z.string().catch(""),
});

const evaluation = z.object({
  gate: z.string(),
  status: z.enum(["pass", "wait", "ask", "fail"]).catch("wait"),
  readings: z.array(reading),
  stableSeconds: z.number().catch(0),
  stableForSeconds: z.number().catch(0),
  waitedSeconds: z.number().catch(0),
  timeoutSeconds: z.number().catch(0),
}) satisfies z.ZodType<GateEvaluation>;

/**
 * The evaluation of a gate that a history has, of whatever gate and with whatever kinds of condition; undefined where
 * there is none.
 */
export function evaluationOf(value: unknown): GateEvaluation | undefined {
  return evaluation.safeParse(value).data;
}
