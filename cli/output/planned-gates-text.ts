import { percent } from "../../core/percent.ts";
import type { GatePlan, MetricCondition, Plan } from "../../core/plan/plan.ts";
import { counted, seconds } from "./format.ts";
import { gateTitle } from "./gate-text.ts";
import { facts, indent, type Layout, wrap } from "./layout.ts";

/** What watches over the whole run: the alarms that end it, whichever phase it is in. */
export function guardLines({ rollbackAlarms }: Plan, layout: Layout): string[] {
  const { alarms, timeoutSeconds, pollSeconds } = rollbackAlarms;
  if (alarms.length === 0) {
    return indent(wrap("no alarm is named, so that nothing but a person stops the run", layout.width - 2), "  ");
  }
  const rows: [string, string][] = [
    ["alarms", alarms.join(", ")],
    ["one fires", "from expand to cooling: the run ends by itself, and all traffic is on the old path"],
    ["one is not OK", `soak and cooling hold, for ${seconds(timeoutSeconds)} at most, then the run is rolled back`],
    ["looked at", `every ${seconds(pollSeconds)}, or less often where the time is long`],
  ];
  return facts(rows, layout);
}

/** The gates that the migration declares, each with all that it asks for. The others ask for alarms alone. */
export function gatesLines(plan: Plan, layout: Layout): string[] {
  return plan.gates
    .filter((gate) => isDeclared(gate, plan))
    .flatMap((gate) => [
      "",
      `  ${layout.style.bold(gateTitle(gate.name))}`,
      ...indent(facts(rowsOf(gate), layout), "  "),
    ]);
}

/** How many alarms there are, and how many gates ask for more than them. */
export function gatesAside(plan: Plan): string {
  const declared = plan.gates.filter((gate) => isDeclared(gate, plan)).length;
  const more = declared === 1 ? "1 gate asks for more" : `${counted(declared, "gate")} ask for more`;
  return `${counted(plan.rollbackAlarms.alarms.length, "alarm")}; ${declared === 0 ? "no gate asks for more" : more}`;
}

function isDeclared(gate: GatePlan, { gates, rollbackAlarms }: Plan): boolean {
  const plain = ({ name, okForSeconds }: GatePlan["alarms"][number]): boolean =>
    okForSeconds === 0 && gates.every(({ alarms }) => alarms.some((alarm) => alarm.name === name));
  return (
    gate.metrics.length + gate.sql.length + gate.holdSeconds > 0 ||
    gate.divergence !== undefined ||
    gate.approval !== undefined ||
    gate.onFail !== "rollback" ||
    gate.timeoutSeconds !== rollbackAlarms.timeoutSeconds ||
    !gate.alarms.every(plain)
  );
}

function rowsOf(gate: GatePlan): [string, string][] {
  const { alarms, metrics, sql, divergence, approval, holdSeconds, timeoutSeconds, onFail } = gate;
  const failure = onFail === "pause" ? "the run is paused" : "the run is rolled back";
  return [
    ...alarms.map(({ name, okForSeconds }): [string, string] => [
      "alarm",
      okForSeconds === 0 ? `${name}: OK` : `${name}: OK for ${seconds(okForSeconds)}`,
    ]),
    ...metrics.map((metric): [string, string] => ["metric", metricText(metric)]),
    ...sql.map(({ name, holds }): [string, string] => ["predicate", `${name}: ${holds}`]),
    ...(divergence ? [["divergence", `${percent(divergence.atMost)} of rows at most`] as [string, string]] : []),
    ...(holdSeconds > 0 ? [["hold", `all of it for ${seconds(holdSeconds)} without a break`] as [string, string]] : []),
    ...(approval ? [["approval", approvalText(approval)] as [string, string]] : []),
    ["timeout", `${seconds(timeoutSeconds)} on hold${approval ? ", the approval aside" : ""}; then ${failure}`],
  ];
}

function metricText({
  name,
  metrics,
  expression,
  bound,
  threshold,
  periodSeconds,
  overSeconds,
}: MetricCondition): string {
  const [only] = metrics;
  const what = metrics.length === 1 && only?.id === expression ? `${only.statistic} of ${only.metric}` : expression;
  const window = `each ${seconds(periodSeconds)} of the last ${seconds(overSeconds)}`;
  return `${name}: ${what} ${bound} ${String(threshold)}, ${window}`;
}

function approvalText({ withinSeconds, selfApproval }: NonNullable<GatePlan["approval"]>): string {
  const who = selfApproval ? "a person" : "another person than who starts the run";
  return `by ${who}, within ${seconds(withinSeconds)}`;
}
