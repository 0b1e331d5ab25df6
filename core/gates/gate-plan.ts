import { seconds } from "../plan/seconds.ts";
import type { AllGates, ConditionPlan } from "./conditions/condition.ts";
import { KINDS } from "./conditions/kinds.ts";
import { GATES, type GateName } from "./gate-names.ts";
import type { Gates } from "./schema.ts";

/** What must pass for the run to pass one gate. One that is not declared has the alarms of `gates.alarms` alone. */
export interface GatePlan {
  readonly name: GateName;
  /** In the order of the registry. */
  readonly conditions: readonly ConditionPlan[];
  /** How long every condition, but for one that people fulfil, must pass without a break. */
  readonly stableForSeconds: number;
  /** How long the gate may wait for it. */
  readonly timeoutSeconds: number;
  /** Between two evaluations. */
  readonly pollSeconds: number;
  readonly onFail: "rollback" | "pause";
}

/** What watches over the whole run, and how its gates, soak and cooling wait. */
export interface RollbackAlarmsPlan {
  /** Every alarm that the migration names: one that fires between expand and contract returns all traffic. */
  readonly alarms: readonly string[];
  /** How long soak and cooling may wait for an alarm that is not OK before they fail. */
  readonly timeoutSeconds: number;
  /** Between two evaluations. */
  readonly pollSeconds: number;
}

interface WithGates {
  readonly gates: Gates;
}

/** One gate of the plan. The alarms of `gates.alarms` are asked at every gate, whether the migration declares it or not. */
export function planGate({ gates }: WithGates, name: GateName): GatePlan {
  const declared = gates[name];
  return {
    name,
    conditions: planConditions(declared, gates),
    stableForSeconds: seconds(declared?.stable_for ?? 0),
    timeoutSeconds: seconds(declared?.timeout ?? gates.timeout),
    pollSeconds: seconds(gates.poll),
    onFail: declared?.on_fail ?? "rollback",
  };
}

/** What a gate asks for; undefined for one that is not declared, or for soak and cooling, which cannot be. */
export function planConditions(declared: Gates[GateName], all: AllGates): readonly ConditionPlan[] {
  const written: Readonly<Record<string, unknown>> = declared ?? {};
  return KINDS.flatMap((kind) => kind.plan(written[kind.key], all));
}

/** The gates that the migration declares, as the plan will have them. */
export function declaredGates(migration: WithGates): readonly GatePlan[] {
  return GATES.filter((gate) => migration.gates[gate] !== undefined).map((gate) => planGate(migration, gate));
}

/** Whether a gate asks for more than one that the migration does not declare. */
export function asksForMore(gate: GatePlan, rollbackAlarms: RollbackAlarmsPlan): boolean {
  return (
    gate.conditions.some(({ inherited }) => !inherited) ||
    gate.stableForSeconds > 0 ||
    gate.onFail !== "rollback" ||
    gate.timeoutSeconds !== rollbackAlarms.timeoutSeconds
  );
}
