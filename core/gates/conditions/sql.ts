import { z } from "zod";
import { DatabaseError } from "../../errors.ts";
import type { Clock, Database, Row, Session } from "../../ports.ts";
import { raw, sql as statement } from "../../sql/statement.ts";
import type { GateName } from "../gate-names.ts";
import {
  type CheckFacts,
  type ConditionCheck,
  type ConditionFinding,
  type ConditionPlan,
  type ConditionPorts,
  type ConditionResult,
  defineCondition,
  type Report,
} from "./condition.ts";
import { probeFindings } from "./probe-findings.ts";
import { whyUnreadable } from "./unreadable.ts";

/** A boolean SQL expression over the migrated database. */
interface PredicatePlan extends ConditionPlan {
  readonly kind: "sql";
  readonly name: string;
  readonly holds: string;
}

const schema = z
  .array(
    z.strictObject({
      name: z.string().min(1).describe("As people call it"),
      holds: z.string().min(1).describe("A boolean SQL expression, in a read-only transaction; null does not pass"),
    }),
  )
  .min(1)
  .describe("Predicates of the migrated database");

/** The longest that one predicate may run, in seconds: its session and its snapshot are the application's as well. */
const PREDICATE_SECONDS = 5;

/**
 * Seconds after which no further one is begun: a function that reads until its own end is a failure, and after some
 * tries a rollback, where the gate should have waited.
 */
const ALL_PREDICATES_SECONDS = 30;

/** Each predicate now, one after the other, so as to be no load. */
async function readPredicates(
  { database, clock }: Pick<ConditionPorts, "database" | "clock">,
  predicates: readonly PredicatePlan[],
): Promise<readonly ConditionResult[]> {
  const end = clock.now().getTime() + ALL_PREDICATES_SECONDS * 1_000;
  const readings: ConditionResult[] = [];
  for (const predicate of predicates) {
    readings.push(clock.now().getTime() < end ? await readPredicate(database, predicate) : noTimeFor(predicate));
  }
  return readings;
}

function noTimeFor({ name }: PredicatePlan): ConditionResult {
  const reason = `predicate "${name}" was not evaluated: those before it took ${String(ALL_PREDICATES_SECONDS)} s`;
  return { name, threshold: "true", value: "unreadable", status: "wait", reason };
}

async function readPredicate(database: Database, { name, holds }: PredicatePlan): Promise<ConditionResult> {
  const about = { name, threshold: "true" };
  try {
    const value = await evaluatePredicate(database, holds);
    if (value === true) return { ...about, value: "true", status: "pass", reason: "" };
    const text = typeof value === "boolean" || value === null ? String(value) : "not a boolean";
    return { ...about, value: text, status: "wait", reason: `predicate "${name}" is ${text}` };
  } catch (error) {
    const reason = `predicate "${name}" cannot be evaluated: ${whyUnreadable(error)}`;
    return { ...about, value: "unreadable", status: "wait", reason };
  }
}

/**
 * One predicate in a transaction of its own, since an error in one must not be the next one's. PostgreSQL keeps the
 * transaction read-only to its end: whatever the predicate calls, it cannot write, nor take that back.
 *
 * The expression stands on lines of its own, so that a comment at its end takes nothing of ours with it, and in no
 * parentheses, so that one of its own cannot close ours: `false) IS FALSE OR (false` is an error of syntax here, and
 * would be true inside of them. A list of values, or a query with a FROM or a UNION, does not give one row of one
 * column of our name.
 *
 * @returns the expression's value, as it came; null where there is not just one.
 * @throws DatabaseError where PostgreSQL does not evaluate it, within 5 s; DatabaseUnavailable.
 */
async function evaluatePredicate(database: Database, holds: string): Promise<Row[string]> {
  return database.transaction(async (session) => {
    await limit(session);
    const rows = await session.execute(statement`
      SELECT
      ${raw(holds)}
      AS holds`);
    const [row] = rows;
    const one = rows.length === 1 && Object.keys(row ?? {}).join() === "holds";
    return one ? (row?.["holds"] ?? null) : null;
  });
}

async function limit(session: Session): Promise<void> {
  await session.execute(statement`
    SELECT set_config('transaction_read_only', 'on', true),
      set_config('statement_timeout', ${String(PREDICATE_SECONDS * 1_000)}, true)`);
}

/** `refused` by PostgreSQL: with its SQLSTATE and its words. */
export type PredicateOutcome =
  | { readonly kind: "value"; readonly value: boolean | null; readonly seconds: number }
  | { readonly kind: "refused"; readonly sqlState: string; readonly problem: string };

const DATATYPE_MISMATCH = "42804";

/** Evaluates the predicate just as the gate will. */
async function probePredicate(
  { database, clock }: Pick<ConditionPorts, "database" | "clock">,
  { holds }: PredicatePlan,
): Promise<PredicateOutcome> {
  let seconds = 0;
  try {
    const value = await evaluatePredicate(
      timed(database, clock, (took) => (seconds = took)),
      holds,
    );
    if (typeof value === "boolean" || value === null) return { kind: "value", value, seconds };
    return { kind: "refused", sqlState: DATATYPE_MISMATCH, problem: `its value is a ${typeof value} and no boolean` };
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    return { kind: "refused", sqlState: error.sqlState, problem: error.details.problem };
  }
}

/** Tells how long each statement of a transaction took; the last is the predicate's own, with one call's way there. */
function timed(database: Database, clock: Pick<Clock, "now">, took: (seconds: number) => void): Database {
  return {
    execute: (text) => database.execute(text),
    executeLong: (text) => database.executeLong(text),
    transaction: (work) =>
      database.transaction((session) =>
        work({
          execute: async (text) => {
            const started = clock.now().getTime();
            const rows = await session.execute(text);
            took((clock.now().getTime() - started) / 1_000);
            return rows;
          },
        }),
      ),
  };
}

const SLOW_SECONDS = 1;

const UNDEFINED_COLUMN = "42703";
const QUERY_CANCELED = "57014";
/** Data exceptions: a division by zero, a text that is no number. Other rows may give another answer. */
const DATA_EXCEPTION = "22";

/** A predicate that PostgreSQL does not take would make its gate wait, days from now, until it fails. */
const gatePredicates: ConditionCheck<PredicatePlan, PredicateOutcome> = {
  name: "gate-predicates",
  refusesOrWarns: "Refuses a predicate that PostgreSQL does not take; warns of one that is slow or does not hold now.",
  check: (facts, report) =>
    probeFindings(facts, report, {
      none: "have no predicate",
      judge: ({ gate, object, found }) =>
        found.kind === "value" ? valued(object, found, report) : refused({ gate, object, ...found }, facts, report),
    }),
};

type Valued = Extract<PredicateOutcome, { kind: "value" }>;

function valued(object: string, { value, seconds }: Valued, { ok, warn }: Report): ConditionFinding {
  const took = `${seconds.toFixed(1)} s`;
  if (seconds > SLOW_SECONDS) {
    return warn({
      object,
      message: `took ${took}, of the ${String(PREDICATE_SECONDS)} s that a gate gives it at each evaluation`,
      remedy: "Make it cheap: an index, EXISTS in place of count(*)",
    });
  }
  if (value === true) return ok(object, "holds now");
  return warn({
    object,
    message: value === null ? "is null now, which does not hold" : "does not hold now",
    remedy: "Make sure that it will when the gate asks, or the run waits there and then fails",
  });
}

interface RefusedPredicate {
  readonly gate: GateName;
  readonly object: string;
  readonly sqlState: string;
  readonly problem: string;
}

function refused(
  { gate, object, sqlState, problem }: RefusedPredicate,
  { addedColumns }: Pick<CheckFacts, "addedColumns">,
  { ok, warn, refuse }: Report,
): ConditionFinding {
  const added = addedColumns.find((column) => names(problem, column));
  if (sqlState === UNDEFINED_COLUMN && gate !== "before_expand" && added !== undefined) {
    return ok(object, `reads "${added}", and can be evaluated after expand only`);
  }
  if (sqlState.startsWith(DATA_EXCEPTION)) {
    return warn({
      object,
      message: `fails on the rows as they are: ${problem}`,
      remedy: "Let it have an answer for every row",
    });
  }
  if (sqlState === QUERY_CANCELED) {
    return refuse({
      object,
      message: `takes longer than the ${String(PREDICATE_SECONDS)} s that a gate gives it, so the gate could not pass`,
      remedy: "Make it cheap: an index, EXISTS in place of count(*)",
    });
  }
  return refuse({
    object,
    message: `cannot be evaluated: ${problem}`,
    remedy: "Write one boolean expression that reads only, over objects that are there and that the role may read",
  });
}

/** `column "x" does not exist` or `column t.x does not exist`, with the quotes of whatever language the server speaks. */
function names(problem: string, column: string): boolean {
  const escaped = column.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
  return new RegExp(`(?:["»«„“]\\s?|\\.)${escaped}(?:\\s?["»«“”]|\\s|$)`, "u").test(problem);
}

export const sql = defineCondition({
  key: "sql",
  kind: "sql",
  schema,
  plan: (declared = []): readonly PredicatePlan[] => declared.map(({ name, holds }) => ({ kind: "sql", name, holds })),
  planText: ({ name, holds }) => ["predicate", `${name}: ${holds}`],
  read: ({ ports }, planned) => readPredicates(ports, planned),
  probe: { of: "database", ask: probePredicate, sameAs: ({ holds }) => holds },
  checks: [gatePredicates],
});
