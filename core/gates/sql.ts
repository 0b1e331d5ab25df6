import type { GatePlan } from "../plan/plan.ts";
import type { Clock, Database, Row, Session } from "../ports.ts";
import { raw, sql } from "../sql/statement.ts";
import type { ConditionReading } from "./evaluation.ts";
import { whyUnreadable } from "./unreadable.ts";

/** The longest that one predicate may run, in seconds: its session and its snapshot are the application's as well. */
export const PREDICATE_SECONDS = 5;

/**
 * Seconds after which no further one is begun: a function that reads until its own end is a failure, and after some
 * tries a rollback, where the gate should have held.
 */
const ALL_PREDICATES_SECONDS = 30;

/** Each predicate now, one after the other, so as to be no load. */
export async function readPredicates(
  { database, clock }: { readonly database: Database; readonly clock: Pick<Clock, "now"> },
  predicates: GatePlan["sql"],
): Promise<readonly ConditionReading[]> {
  const end = clock.now().getTime() + ALL_PREDICATES_SECONDS * 1_000;
  const readings: ConditionReading[] = [];
  for (const predicate of predicates) {
    readings.push(clock.now().getTime() < end ? await readPredicate(database, predicate) : noTimeFor(predicate));
  }
  return readings;
}

function noTimeFor({ name }: GatePlan["sql"][number]): ConditionReading {
  const reason = `predicate "${name}" was not evaluated: those before it took ${String(ALL_PREDICATES_SECONDS)} s`;
  return { kind: "sql", name, threshold: "true", value: "unreadable", status: "wait", reason };
}

async function readPredicate(database: Database, { name, holds }: GatePlan["sql"][number]): Promise<ConditionReading> {
  const about = { kind: "sql", name, threshold: "true" } as const;
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
export async function evaluatePredicate(database: Database, holds: string): Promise<Row[string]> {
  return database.transaction(async (session) => {
    await limit(session);
    const rows = await session.execute(sql`
      SELECT
      ${raw(holds)}
      AS holds`);
    const [row] = rows;
    const one = rows.length === 1 && Object.keys(row ?? {}).join() === "holds";
    return one ? (row?.["holds"] ?? null) : null;
  });
}

async function limit(session: Session): Promise<void> {
  await session.execute(sql`
    SELECT set_config('transaction_read_only', 'on', true),
      set_config('statement_timeout', ${String(PREDICATE_SECONDS * 1_000)}, true)`);
}
