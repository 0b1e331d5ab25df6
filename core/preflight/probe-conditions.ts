import type { ConditionPlan, ConditionPorts, ConditionProbe } from "../gates/conditions/condition.ts";
import { kindOf } from "../gates/conditions/kinds.ts";
import { GATES, type GateName } from "../gates/gate-names.ts";
import { planGate } from "../gates/gate-plan.ts";
import type { Migration } from "../migration/schema.ts";
import { reading, type Reading } from "../reading.ts";

type DatabasePorts = Pick<ConditionPorts, "database" | "clock">;
type StackPorts = Pick<ConditionPorts, "alarms" | "metrics" | "clock">;

/**
 * Asks the database about every condition of every gate that is about it, just as the gate will: one after the other,
 * so as to be no load, and each once, however many gates ask for it.
 */
export async function probeDatabase(ports: DatabasePorts, migration: Migration): Promise<readonly ConditionProbe[]> {
  const probes: ConditionProbe[] = [];
  const known = new Map<string, Reading<unknown>>();
  for (const { gate, condition } of conditionsOf(migration)) {
    const probe = kindOf(condition.kind)?.probe;
    if (probe?.of !== "database") continue;
    const same = `${condition.kind} ${probe.sameAs?.(condition) ?? String(probes.length)}`;
    const outcome = known.get(same) ?? (await reading(() => probe.ask(ports, condition)));
    known.set(same, outcome);
    probes.push({ gate, condition, outcome });
  }
  return probes;
}

/** Asks AWS about every condition of every gate that is about it, just as the gate will. */
export async function probeStack(ports: StackPorts, migration: Migration): Promise<readonly ConditionProbe[]> {
  const asked = conditionsOf(migration).map(async ({ gate, condition }): Promise<ConditionProbe | undefined> => {
    const probe = kindOf(condition.kind)?.probe;
    if (probe?.of !== "stack") return undefined;
    return { gate, condition, outcome: await reading(() => probe.ask(ports, condition)) };
  });
  return (await Promise.all(asked)).filter((probe) => probe !== undefined);
}

interface GateCondition {
  readonly gate: GateName;
  readonly condition: ConditionPlan;
}

function conditionsOf(migration: Migration): readonly GateCondition[] {
  return GATES.flatMap((gate) => planGate(migration, gate).conditions.map((condition) => ({ gate, condition })));
}
