import type { GateName, MigrationInput } from "../../../core/migration/schema.ts";
import { planGate } from "../../../core/plan/plan-gate.ts";
import type { MetricOutcome, PredicateOutcome, PreflightContext } from "../../../core/preflight/check.ts";
import { readAs, type Reading } from "../../../core/preflight/reading.ts";
import { alarmsOf, migrationOf, STARTER, UNREAD } from "./contexts.ts";
import type { World } from "./situations.ts";

const GIB = 2 ** 30;

type Gates = MigrationInput["gates"];

/** Contexts that bring the checks of gates to every message that they have. */
export function gateSituations(at: World): readonly PreflightContext[] {
  return [...alarms(at), ...predicates(at), ...metrics(at), ...approvals(at)];
}

const gated = (at: World, declared: Gates, changes: Partial<PreflightContext> = {}): PreflightContext =>
  at.migrated({ gates: declared }, changes);

function alarms(at: World): readonly PreflightContext[] {
  const names = ["a", "b", "c", "d", "e", "f"];
  const states = alarmsOf({ a: "OK", b: "ALARM", c: "INSUFFICIENT_DATA", d: "missing", e: "OK", f: "OK" });
  return [
    gated(at, { alarms: names }, { alarms: states }),
    gated(at, {}, { catalog: at.catalog({ table: at.table({ bytes: 2 * GIB }) }) }),
    at.context({ alarms: UNREAD }),
    gated(at, { before_cutover: { divergence: { at_most: 0.01 } } }),
    gated(at, { before_backfill: { divergence: { at_most: 0.01 } } }),
    gated(at, { before_cutover: { alarms: { names: ["a"], ok_for: "1h" }, timeout: "30m" } }, { alarms: states }),
  ];
}

function predicates(at: World): readonly PreflightContext[] {
  const probed = (outcome: Reading<PredicateOutcome>, gate: GateName = "before_cutover"): PreflightContext =>
    gated(
      at,
      { [gate]: { sql: [{ name: "quiet", holds: "true" }] } },
      { predicates: [{ gate, name: "quiet", outcome }] },
    );
  const refused = (sqlState: string, problem: string): Reading<PredicateOutcome> =>
    readAs({ kind: "refused", sqlState, problem });
  return [
    ...[true, false, null].map((value) => probed(readAs({ kind: "value", value, seconds: 0.1 }))),
    probed(readAs({ kind: "value", value: true, seconds: 1.2 })),
    probed(UNREAD),
    probed(refused("42703", `column t.${at.target} does not exist`)),
    probed(refused("22012", "division by zero")),
    probed(refused("57014", "canceling statement")),
    probed(refused("42P01", "relation does not exist")),
  ];
}

function metrics(at: World): readonly PreflightContext[] {
  const errors = {
    name: "errors",
    metrics: { errors: { namespace: "Crm", metric: "Errors", statistic: "Sum" } },
    at_most: 1,
  };
  const probed = (outcome: Reading<MetricOutcome>, gate: GateName = "before_cutover"): PreflightContext => {
    const declared = { [gate]: { metrics: [errors] } };
    const [condition] = planGate(migrationOf({ gates: declared }), gate).metrics;
    return gated(at, declared, { metrics: condition === undefined ? [] : [{ gate, condition, outcome }] });
  };
  return [
    ...[[0], [7], []].map((values) => probed(readAs({ kind: "values", values }))),
    probed(readAs({ kind: "values", values: [] }), "before_expand"),
    probed(readAs({ kind: "refused", problem: "no such function" })),
    probed(UNREAD),
  ];
}

function approvals(at: World): readonly PreflightContext[] {
  const asked: Gates = { before_contract: { approval: { self_approval: false } } };
  return [
    gated(at, asked),
    gated(at, asked, { startedBy: readAs(undefined) }),
    gated(at, asked, {
      startedBy: readAs("arn:aws:sts::000000000000:assumed-role/Engineer/botocore-session-1700000000"),
    }),
    gated(at, asked, { startedBy: UNREAD }),
    gated(at, asked, { startedBy: { kind: "not asked" }, runId: undefined }),
    gated(at, { before_contract: { approval: { self_approval: true } } }, { startedBy: readAs(STARTER) }),
  ];
}
