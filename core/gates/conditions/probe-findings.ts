import { gateObject, type GateName } from "../gate-names.ts";
import type { CheckFacts, ConditionFinding, ConditionPlan, Report } from "./condition.ts";

interface Probed<Planned, Found> {
  readonly gate: GateName;
  readonly condition: Planned;
  /** The gate and the condition, for the finding. */
  readonly object: string;
  readonly found: Found;
}

interface ProbeCheck<Planned, Found> {
  /** What is said of gates that have no such condition. */
  readonly none: string;
  readonly judge: (probed: Probed<Planned, Found>) => ConditionFinding;
}

/** A check of what a kind's probe found: nothing of what was not asked for, and what could not be read as that. */
export function probeFindings<Planned extends ConditionPlan, Found>(
  { gates, probes }: Pick<CheckFacts<Planned, Found>, "gates" | "probes">,
  report: Report,
  { none, judge }: ProbeCheck<Planned, Found>,
): readonly ConditionFinding[] {
  if (gates.every(({ conditions }) => conditions.length === 0)) return [report.ok("gates", none)];
  return probes.flatMap(({ gate, condition, outcome }): ConditionFinding | readonly ConditionFinding[] => {
    const object = gateObject(gate, condition.name);
    switch (outcome.kind) {
      case "not asked":
        return [];
      case "unread":
        return report.unread({ object, problem: outcome.problem });
      case "read":
        return judge({ gate, condition, object, found: outcome.value });
      default:
        return outcome satisfies never;
    }
  });
}
