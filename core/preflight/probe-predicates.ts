import { DatabaseError } from "../errors.ts";
import { GATES, type Migration } from "../migration/schema.ts";
import type { Clock, Database } from "../ports.ts";
import { evaluatePredicate } from "../gates/sql.ts";
import type { PredicateOutcome, PredicateProbe } from "./check.ts";
import { reading, type Reading } from "./reading.ts";

interface ProbePorts {
  readonly database: Database;
  readonly clock: Pick<Clock, "now">;
}

/** Evaluates every predicate of every gate, just as the gate will; each once, however many gates ask for it. */
export async function probePredicates(ports: ProbePorts, { gates }: Migration): Promise<readonly PredicateProbe[]> {
  const probes: PredicateProbe[] = [];
  const known = new Map<string, Reading<PredicateOutcome>>();
  for (const gate of GATES) {
    for (const { name, holds } of gates[gate]?.sql ?? []) {
      const outcome = known.get(holds) ?? (await reading(() => evaluate(ports, holds)));
      known.set(holds, outcome);
      probes.push({ gate, name, outcome });
    }
  }
  return probes;
}

const DATATYPE_MISMATCH = "42804";

async function evaluate({ database, clock }: ProbePorts, holds: string): Promise<PredicateOutcome> {
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
    execute: (statement) => database.execute(statement),
    executeLong: (statement) => database.executeLong(statement),
    transaction: (work) =>
      database.transaction((session) =>
        work({
          execute: async (statement) => {
            const started = clock.now().getTime();
            const rows = await session.execute(statement);
            took((clock.now().getTime() - started) / 1_000);
            return rows;
          },
        }),
      ),
  };
}
