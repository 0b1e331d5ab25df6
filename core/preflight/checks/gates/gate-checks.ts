import type { CheckFacts, ConditionDefinition, Report } from "../../../gates/conditions/condition.ts";
import { KINDS } from "../../../gates/conditions/kinds.ts";
import { declaredGates } from "../../../gates/gate-plan.ts";
import { rollbackAlarms } from "../../../gates/rollback-alarms.ts";
import { operationsOf } from "../../../operations/migration-operations.ts";
import type { MigrationCheck, PreflightContext } from "../../check.ts";
import { gateCheck } from "../../define-check.ts";
import { ok, refuse, unread, warn } from "../../finding.ts";

/** The checks of what the run waits for: each kind of condition has its own, in the order of their registry. */
export const GATE_CHECKS: readonly MigrationCheck[] = KINDS.flatMap((kind) =>
  kind.checks.map((each) =>
    gateCheck({
      name: each.name,
      refusesOrWarns: each.refusesOrWarns,
      check: (context) => each.check(factsFor(kind, context), reportFor(context)),
    }),
  ),
);

function factsFor({ kind }: ConditionDefinition, context: PreflightContext): CheckFacts {
  const { migration, catalog, conditions, alarms, startedBy } = context;
  return {
    gates: declaredGates(migration).map((gate) => ({
      ...gate,
      conditions: gate.conditions.filter((condition) => condition.kind === kind),
    })),
    probes: conditions.filter(({ condition }) => condition.kind === kind),
    rollbackAlarms: rollbackAlarms(migration),
    alarms,
    tableBytes: catalog.table?.bytes ?? 0,
    addedColumns: operationsOf(migration).flatMap(({ addedColumns }) => addedColumns),
    startedBy,
  };
}

const reportFor = (context: PreflightContext): Report => ({
  ok,
  warn,
  refuse,
  unread: (problem) => unread(context, problem),
});
