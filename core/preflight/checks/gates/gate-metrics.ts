import type { MetricCondition } from "../../../plan/plan.ts";
import type { CheckResult, MetricProbe, PreflightContext } from "../../check.ts";
import { findings } from "../../finding.ts";
import { declaredGates, gateObject } from "../../gates.ts";

const { ok, warn, refuse, unread } = findings("gate-metrics");

/** A metric that CloudWatch does not know would hold its gate, days from now, until it fails. */
export function gateMetrics(context: PreflightContext): readonly CheckResult[] {
  if (declaredGates(context.migration).every(({ metrics }) => metrics.length === 0))
    return [ok("gates", "have no metric")];
  return context.metrics.flatMap((probe) => judge(context, probe) ?? []);
}

function judge(context: PreflightContext, { gate, condition, outcome }: MetricProbe): CheckResult | undefined {
  const object = gateObject(gate, condition.name);
  switch (outcome.kind) {
    case "not asked":
      return undefined;
    case "unread":
      return unread(context, { object, problem: outcome.problem });
    case "read":
      if (outcome.value.kind === "values") return valued({ gate, condition, object }, outcome.value.values);
      return refuse({
        object,
        message: `is refused by CloudWatch: ${outcome.value.problem}`,
        remedy: "Correct its expression, or let the functions read metrics (cloudwatch:GetMetricData)",
      });
    default:
      return outcome satisfies never;
  }
}

interface ProbedCondition extends Pick<MetricProbe, "gate" | "condition"> {
  readonly object: string;
}

function valued({ gate, condition, object }: ProbedCondition, values: readonly number[]): CheckResult {
  if (values.length === 0) return withoutData({ gate, condition, object });
  const { bound, threshold } = condition;
  const worst = bound === "at most" ? Math.max(...values) : Math.min(...values);
  const found = `is ${String(worst)} at worst, and is to be ${bound} ${String(threshold)}`;
  // The same comparison as the gate's, so that a NaN holds there and is warned of here.
  if (bound === "at most" ? worst <= threshold : worst >= threshold) return ok(object, found);
  return warn({
    object,
    message: `${found}: the gate would hold now`,
    remedy: "Make sure that it will not when the gate asks, or correct the threshold",
  });
}

/** The first gate is asked at once, so it could not pass; a later one's metric may begin with the run. */
function withoutData({ gate, condition, object }: ProbedCondition): CheckResult {
  const problem = {
    object,
    message: `has no data in the last ${minutes(condition)}, and no data does not pass a gate`,
    remedy: "Correct its namespace, name and dimensions, all of which must match, or let it arrive",
  };
  return gate === "before_expand" ? refuse(problem) : warn(problem);
}

const minutes = ({ overSeconds }: MetricCondition): string => `${String(Math.ceil(overSeconds / 60))} min`;
