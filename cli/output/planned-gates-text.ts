import type { ConditionPlan } from "../../core/gates/conditions/condition.ts";
import { asksPeople, kindOf, questionOf } from "../../core/gates/conditions/kinds.ts";
import { asksForMore, type GatePlan } from "../../core/gates/gate-plan.ts";
import type { Plan } from "../../core/plan/plan.ts";
import { counted } from "../../core/counted.ts";
import { percent } from "../../core/percent.ts";
import { seconds } from "./format.ts";
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
    ["one is not OK", `soak and cooling wait, for ${seconds(timeoutSeconds)} at most, then the run is rolled back`],
    ["polled", `every ${seconds(pollSeconds)}, or less often where the time is long`],
  ];
  return facts(rows, layout);
}

/** The gates that the migration declares, each with all that it asks for. The others ask for alarms alone. */
export function gatesLines(plan: Plan, layout: Layout): string[] {
  return plan.gates
    .filter((gate) => asksForMore(gate, plan.rollbackAlarms))
    .flatMap((gate) => [
      "",
      `  ${layout.style.bold(gateTitle(gate.name))}`,
      ...indent(facts(rowsOf(gate), layout), "  "),
    ]);
}

/** How many alarms there are, and how many gates ask for more than them. */
export function gatesAside(plan: Plan): string {
  const declared = plan.gates.filter((gate) => asksForMore(gate, plan.rollbackAlarms)).length;
  const more = declared === 1 ? "1 gate asks for more" : `${counted(declared, "gate")} ask for more`;
  return `${counted(plan.rollbackAlarms.alarms.length, "alarm")}; ${declared === 0 ? "no gate asks for more" : more}`;
}

function rowsOf(gate: GatePlan): (readonly [string, string])[] {
  const { conditions, stableForSeconds, timeoutSeconds, onFail } = gate;
  const failure = onFail === "pause" ? "the run is paused" : "the run is rolled back";
  const asks = questionOf(gate) !== undefined;
  return [
    ...conditions.filter(({ kind }) => !asksPeople(kind)).map(rowOf),
    ...(stableForSeconds > 0
      ? [["stable_for", `all of it for ${seconds(stableForSeconds)} without a break`] as const]
      : []),
    ...conditions.filter(({ kind }) => asksPeople(kind)).map(rowOf),
    ["timeout", `${seconds(timeoutSeconds)} waiting${asks ? ", the approval aside" : ""}; then ${failure}`],
  ];
}

function rowOf(condition: ConditionPlan): readonly [string, string] {
  return kindOf(condition.kind)?.planText(condition, { seconds, percent }) ?? [condition.kind, condition.name ?? ""];
}
