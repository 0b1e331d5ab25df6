import { GATES, type GateName, type Migration } from "../migration/schema.ts";
import { planGate } from "../gates/plan-gate.ts";
import type { GatePlan } from "../plan/plan.ts";

/** `gate before_cutover`, or with the condition: `gate before_cutover "no import runs"`. */
export const gateObject = (gate: GateName, condition?: string): string =>
  condition === undefined ? `gate ${gate}` : `gate ${gate} "${condition}"`;

/** The gates that the migration declares, as the plan will have them. */
export function declaredGates(migration: Migration): readonly GatePlan[] {
  return GATES.filter((gate) => migration.gates[gate] !== undefined).map((gate) => planGate(migration, gate));
}
