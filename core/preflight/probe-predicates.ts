import { DatabaseError } from "../errors.ts";
import { GATES, type Migration } from "../migration/schema.ts";
import type { Database } from "../ports.ts";
import { sql } from "../sql/statement.ts";
import type { PredicateOutcome, PredicateProbe } from "./check.ts";
import { reading, type Reading } from "./reading.ts";

/** What a gate gives a predicate, in seconds; one that takes longer holds the gate until it fails. */
export const PREDICATE_LIMIT_SECONDS = 5;

/** Evaluates every predicate of every gate, each once, however many gates ask for it. */
export async function probePredicates(database: Database, { gates }: Migration): Promise<readonly PredicateProbe[]> {
  const probes: PredicateProbe[] = [];
  const known = new Map<string, Reading<PredicateOutcome>>();
  for (const gate of GATES) {
    for (const { name, holds } of gates[gate]?.sql ?? []) {
      const outcome = known.get(holds) ?? (await reading(() => evaluate(database, holds)));
      known.set(holds, outcome);
      probes.push({ gate, name, outcome });
    }
  }
  return probes;
}

/** A transaction for each: an error in one must not be the next one's. */
async function evaluate(database: Database, holds: string): Promise<PredicateOutcome> {
  try {
    return await database.transaction(async (session) => {
      await session.execute(sql`SET TRANSACTION READ ONLY`);
      await session.execute({
        text: `SET LOCAL statement_timeout = ${String(PREDICATE_LIMIT_SECONDS * 1_000)}`,
        parameters: {},
      });
      const [row] = await session.execute({ text: timedPredicate(holds), parameters: {} });
      const value = row?.["value"];
      return {
        kind: "value",
        value: typeof value === "boolean" ? value : null,
        seconds: Number(row?.["seconds"] ?? 0),
      };
    });
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    return { kind: "refused", sqlState: error.sqlState, problem: error.details.problem };
  }
}

/**
 * On lines of its own, so that a comment at its end takes nothing of ours with it. `IS TRUE` takes a boolean alone. The
 * CTE is done before the clock is read; the server's clock, since the way to it is not the predicate's doing.
 */
function timedPredicate(holds: string): string {
  return `WITH predicate AS MATERIALIZED (
SELECT (
${holds}
) AS value
)
SELECT value, value IS TRUE AS holds,
  CAST(extract(epoch FROM clock_timestamp() - statement_timestamp()) AS double precision) AS seconds
FROM predicate`;
}
