import type { MetricCondition } from "../plan/plan.ts";
import type { Metrics } from "../ports.ts";
import type { ConditionReading } from "./evaluation.ts";
import { whyUnreadable } from "./unreadable.ts";

/** Each metric over its time up to now: the worst of its points counts, and no point is not health. */
export async function readMetrics(
  metrics: Metrics,
  conditions: readonly MetricCondition[],
  now: Date,
): Promise<readonly ConditionReading[]> {
  return Promise.all(conditions.map((condition) => readMetric(metrics, condition, now)));
}

async function readMetric(metrics: Metrics, condition: MetricCondition, now: Date): Promise<ConditionReading> {
  const threshold = `${condition.bound} ${String(condition.threshold)}`;
  const about = { kind: "metric", name: condition.name, threshold } as const;
  const object = `metric "${condition.name}"`;
  try {
    const values = await metrics.values(condition, now);
    const worst = worstOf(condition, values);
    if (worst === undefined) {
      const reason = `${object} has no data in the last ${String(condition.overSeconds)} s`;
      return { ...about, value: "no data", status: "wait", reason };
    }
    const value = String(worst);
    if (isWithin(condition, worst)) return { ...about, value, status: "pass", reason: "" };
    return { ...about, value, status: "wait", reason: `${object} is ${value}, must be ${threshold}` };
  } catch (error) {
    const reason = `${object} cannot be read: ${whyUnreadable(error)}`;
    return { ...about, value: "unreadable", status: "wait", reason };
  }
}

function worstOf({ bound }: MetricCondition, values: readonly number[]): number | undefined {
  if (values.length === 0) return undefined;
  return values.reduce((worst, value) => (bound === "at most" ? Math.max(worst, value) : Math.min(worst, value)));
}

/** Of NaN neither is true, and so it holds. */
function isWithin({ bound, threshold }: MetricCondition, value: number): boolean {
  return bound === "at most" ? value <= threshold : value >= threshold;
}
