import type { ConditionPlan, ReadContext } from "./conditions/condition.ts";
import { kindOf } from "./conditions/kinds.ts";
import type { ConditionReading } from "./evaluation.ts";

/** Each condition now, those of one kind together, one kind after the other. */
export async function readConditions(
  context: ReadContext,
  conditions: readonly ConditionPlan[],
): Promise<readonly ConditionReading[]> {
  const kinds = [...new Set(conditions.map(({ kind }) => kind))];
  const readings: ConditionReading[] = [];
  for (const kind of kinds) {
    const planned = conditions.filter((condition) => condition.kind === kind);
    const results = (await kindOf(kind)?.read(context, planned)) ?? planned.map(unknown);
    readings.push(...results.map((result) => ({ kind, ...result })));
  }
  return readings;
}

/** A plan of another version may ask for what this one cannot read: that does not pass. */
function unknown({ kind, name = kind }: ConditionPlan): Omit<ConditionReading, "kind"> {
  const reason = `this version of Sluice does not know the condition ${kind}`;
  return { name, threshold: "", value: "unreadable", status: "wait", reason };
}
