import { z } from "zod";
import { ServiceRefused } from "../../errors.ts";
import { duration } from "../../migration/scalars.ts";
import { seconds } from "../../plan/seconds.ts";
import type { Metrics } from "../../ports.ts";
import { problemOf } from "../../reading.ts";
import type { GateName } from "../gate-names.ts";
import {
  type ConditionCheck,
  type ConditionFinding,
  type ConditionPlan,
  type ConditionPorts,
  type ConditionResult,
  defineCondition,
  type Report,
} from "./condition.ts";
import { probeFindings } from "./probe-findings.ts";
import { whyUnreadable } from "./unreadable.ts";

/** A metric of CloudWatch, and the statistic of each period: `Average`, `p99`. */
export interface MetricPlan {
  readonly id: string;
  readonly namespace: string;
  readonly metric: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly statistic: string;
}

/** Metric math, or one metric's id, held to a threshold in every period of the last `overSeconds`. */
export interface MetricCondition extends ConditionPlan {
  readonly kind: "metric";
  readonly name: string;
  readonly metrics: readonly MetricPlan[];
  readonly expression: string;
  readonly periodSeconds: number;
  readonly overSeconds: number;
  readonly bound: "at most" | "at least";
  readonly threshold: number;
}

const metric = z
  .strictObject({
    namespace: z.string().min(1).describe("CloudWatch namespace"),
    metric: z.string().min(1).describe("CloudWatch metric name"),
    dimensions: z.record(z.string().min(1), z.string().min(1)).default({}).describe("All of the metric's dimensions"),
    statistic: z
      .string()
      .regex(/^(Average|Sum|Minimum|Maximum|SampleCount|p\d{1,2}(\.\d+)?|p100)$/, {
        error: "Average, Sum, Minimum, Maximum, SampleCount or a percentile such as p99",
      })
      .describe("Statistic over each period"),
  })
  .describe("One metric of CloudWatch");

/**
 * Of the last 15 days CloudWatch keeps a point a minute, of what is older only one in 5 minutes, and then in an hour.
 * Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricStat.html
 */
const MAX_OVER_MS = 15 * 86_400_000;

const threshold = z
  .strictObject({
    name: z.string().min(1).describe("As people call it"),
    metrics: z
      .record(z.string().regex(/^[a-z][A-Za-z0-9_]{0,254}$/, { error: "an id such as errors" }), metric)
      .refine((all) => Object.keys(all).length > 0, { error: "at least one metric" })
      .describe("By the id that the expression has for them"),
    expression: z
      .string()
      .min(1)
      .optional()
      .describe('Metric math over the ids, such as "100 * errors / requests"; needless for one metric'),
    period: duration
      .refine((milliseconds) => milliseconds > 0 && milliseconds % 60_000 === 0, { error: "whole minutes" })
      .prefault("1m")
      .describe("Width of a data point"),
    over: duration
      .refine((milliseconds) => milliseconds <= MAX_OVER_MS, {
        error: "a duration of at most 15d: CloudWatch has coarser points of what is older",
      })
      .prefault("5m")
      .describe("How far back the points are read; the worst one counts, and none is not healthy"),
    at_most: z.number().optional().describe("No point above this"),
    at_least: z.number().optional().describe("No point below this"),
  })
  .refine(({ at_most, at_least }) => (at_most === undefined) !== (at_least === undefined), {
    error: "exactly one of at_most, at_least",
  })
  .refine(({ metrics, expression }) => expression !== undefined || Object.keys(metrics).length === 1, {
    error: "an expression over its metrics",
  })
  .refine(({ period, over }) => over >= period, { error: "at least one period", path: ["over"] })
  .describe("A metric, or metric math, held to a threshold");

const schema = z.array(threshold).min(1).describe("Metrics held to a threshold");

function planMetric(declared: z.output<typeof threshold>): MetricCondition {
  const { name, metrics, expression, period, over, at_most, at_least } = declared;
  const ids = Object.keys(metrics);
  return {
    kind: "metric",
    name,
    metrics: Object.entries(metrics).map(([id, each]) => ({ id, ...each })),
    expression: expression ?? ids.join(),
    periodSeconds: seconds(period),
    overSeconds: seconds(over),
    bound: at_most === undefined ? "at least" : "at most",
    threshold: at_most ?? at_least ?? 0,
  };
}

/** The metric over its time up to now: the worst of its points counts, and no point is not healthy. */
async function readMetric(metrics: Metrics, condition: MetricCondition, now: Date): Promise<ConditionResult> {
  const asked = `${condition.bound} ${String(condition.threshold)}`;
  const about = { name: condition.name, threshold: asked };
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
    return { ...about, value, status: "wait", reason: `${object} is ${value}, must be ${asked}` };
  } catch (error) {
    const reason = `${object} cannot be read: ${whyUnreadable(error)}`;
    return { ...about, value: "unreadable", status: "wait", reason };
  }
}

function worstOf({ bound }: MetricCondition, values: readonly number[]): number | undefined {
  if (values.length === 0) return undefined;
  return values.reduce((worst, value) => (bound === "at most" ? Math.max(worst, value) : Math.min(worst, value)));
}

/** Of NaN neither is true, and so it does not pass. */
function isWithin({ bound, threshold }: MetricCondition, value: number): boolean {
  return bound === "at most" ? value <= threshold : value >= threshold;
}

/** `refused`: CloudWatch cannot evaluate the query, or does not let us. */
export type MetricOutcome =
  | { readonly kind: "values"; readonly values: readonly number[] }
  | { readonly kind: "refused"; readonly problem: string };

/** Asks for the metric just as the gate will. */
async function probeMetric(
  { metrics, clock }: Pick<ConditionPorts, "metrics" | "clock">,
  condition: MetricCondition,
): Promise<MetricOutcome> {
  try {
    return { kind: "values", values: await metrics.values(condition, clock.now()) };
  } catch (error) {
    if (!(error instanceof ServiceRefused)) throw error;
    return { kind: "refused", problem: problemOf(error) };
  }
}

/** A metric that CloudWatch does not know would make its gate wait, days from now, until it fails. */
const gateMetrics: ConditionCheck<MetricCondition, MetricOutcome> = {
  name: "gate-metrics",
  refusesOrWarns:
    "Refuses a metric that CloudWatch does not take, and one without data at the first gate; warns of none at a later one, and of one at which the gate would wait now.",
  check: (facts, report) =>
    probeFindings(facts, report, {
      none: "have no metric",
      judge: ({ gate, condition, object, found }) => {
        if (found.kind === "values") return valued({ gate, condition, object }, found.values, report);
        return report.refuse({
          object,
          message: `is refused by CloudWatch: ${found.problem}`,
          remedy: "Correct its expression, or let the functions read metrics (cloudwatch:GetMetricData)",
        });
      },
    }),
};

interface Probed {
  readonly gate: GateName;
  readonly condition: MetricCondition;
  readonly object: string;
}

function valued(probed: Probed, values: readonly number[], report: Report): ConditionFinding {
  const { condition, object } = probed;
  const worst = worstOf(condition, values);
  if (worst === undefined) return withoutData(probed, report);
  const found = `is ${String(worst)} at worst, and is to be ${condition.bound} ${String(condition.threshold)}`;
  if (isWithin(condition, worst)) return report.ok(object, found);
  return report.warn({
    object,
    message: `${found}: the gate would wait now`,
    remedy: "Make sure that it will not when the gate asks, or correct the threshold",
  });
}

/** The first gate is asked at once, so it could not pass; a later one's metric may begin with the run. */
function withoutData({ gate, condition, object }: Probed, { warn, refuse }: Report): ConditionFinding {
  const minutes = String(Math.ceil(condition.overSeconds / 60));
  const problem = {
    object,
    message: `has no data in the last ${minutes} min, and no data does not pass a gate`,
    remedy: "Correct its namespace, name and dimensions, all of which must match, or let it arrive",
  };
  return gate === "before_expand" ? refuse(problem) : warn(problem);
}

export const metrics = defineCondition({
  key: "metrics",
  kind: "metric",
  schema,
  plan: (declared = []): readonly MetricCondition[] => declared.map(planMetric),
  planText: (condition, format) => ["metric", planText(condition, format.seconds)],
  read: ({ ports, now }, planned) => Promise.all(planned.map((condition) => readMetric(ports.metrics, condition, now))),
  probe: { of: "stack", ask: probeMetric },
  checks: [gateMetrics],
});

function planText(condition: MetricCondition, secondsText: (value: number) => string): string {
  const { name, metrics, expression, bound, threshold, periodSeconds, overSeconds } = condition;
  const [only] = metrics;
  const what = metrics.length === 1 && only?.id === expression ? `${only.statistic} of ${only.metric}` : expression;
  const window = `each ${secondsText(periodSeconds)} of the last ${secondsText(overSeconds)}`;
  return `${name}: ${what} ${bound} ${String(threshold)}, ${window}`;
}
