import type { GateName } from "../../../core/gates/gate-names.ts";
import { planGate } from "../../../core/gates/gate-plan.ts";
import type { MigrationInput } from "../../../core/migration/schema.ts";
import type { PreflightContext } from "../../../core/preflight/check.ts";
import { readAs, type Reading } from "../../../core/reading.ts";
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

/** A context in which the one condition of a gate was asked about, with this outcome. */
function probed(at: World, { gate, declared }: Declared, outcome: Reading<unknown>): PreflightContext {
  const gates = { [gate]: declared };
  const [condition] = planGate(migrationOf({ gates }), gate).conditions.filter(({ inherited }) => inherited !== true);
  return gated(at, gates, { conditions: condition === undefined ? [] : [{ gate, condition, outcome }] });
}

interface Declared {
  readonly gate: GateName;
  readonly declared: NonNullable<NonNullable<Gates>[GateName]>;
}

function predicates(at: World): readonly PreflightContext[] {
  const asked: Declared = { gate: "before_cutover", declared: { sql: [{ name: "quiet", holds: "true" }] } };
  const refused = (sqlState: string, problem: string): Reading<unknown> =>
    readAs({ kind: "refused", sqlState, problem });
  return [
    ...[true, false, null].map((value) => probed(at, asked, readAs({ kind: "value", value, seconds: 0.1 }))),
    probed(at, asked, readAs({ kind: "value", value: true, seconds: 1.2 })),
    probed(at, asked, UNREAD),
    probed(at, asked, refused("42703", `column t.${at.target} does not exist`)),
    probed(at, asked, refused("22012", "division by zero")),
    probed(at, asked, refused("57014", "canceling statement")),
    probed(at, asked, refused("42P01", "relation does not exist")),
  ];
}

function metrics(at: World): readonly PreflightContext[] {
  const errors = {
    name: "errors",
    metrics: { errors: { namespace: "Crm", metric: "Errors", statistic: "Sum" } },
    at_most: 1,
  };
  const asked = (gate: GateName): Declared => ({ gate, declared: { metrics: [errors] } });
  const late = asked("before_cutover");
  return [
    ...[[0], [7], []].map((values) => probed(at, late, readAs({ kind: "values", values }))),
    probed(at, asked("before_expand"), readAs({ kind: "values", values: [] })),
    probed(at, late, readAs({ kind: "refused", problem: "no such function" })),
    probed(at, late, UNREAD),
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
