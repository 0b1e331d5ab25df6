import { messageName } from "../../sql/message-name.ts";
import { DatabaseError, StatementFailed } from "../../errors.ts";
import { recordStep } from "../../ledger/step.ts";
import type { DdlStep } from "../../plan/plan.ts";
import type { Database } from "../../ports.ts";
import { fragment, name, sql } from "../../sql/statement.ts";
import type { Applier } from "../run.ts";
import { more, wait, type StepResult } from "../step-result.ts";

const POLL_SECONDS = 10;
/** A look is some 9 events of the 25,000 that an execution may have: a build of a night is looked at less often. */
const MAX_POLL_SECONDS = 120;
const LOOKS = 20;

type IndexState =
  | { readonly state: "missing" | "foreign" | "valid" | "invalid" }
  | { readonly state: "building"; readonly progress: string; readonly seconds: number };

/**
 * Builds one index CONCURRENTLY: start it, then look until the catalog calls it valid. A leftover of a build that
 * died is INVALID; it is dropped and built again.
 */
export async function buildIndex(database: Database, run: Applier, step: DdlStep): Promise<StepResult> {
  const { index, statements } = step;
  const text = statements[0];
  if (!index || text === undefined) throw new TypeError(`step ${step.id} is concurrent and names no index`);
  const found = await indexState(database, index, run.plan.table);
  switch (found.state) {
    case "valid":
      await recordStep(database, { planHash: run.plan.hash, stepId: step.id, runId: run.ref.id });
      return more(`${step.title}: valid`);
    case "building":
      return wait(pollSeconds(found.seconds), `${step.title}: ${found.progress}`);
    case "invalid":
      return dropLeftover(database, step, index);
    case "foreign":
      throw nameTaken(step, index);
    case "missing":
      return start(database, step, text);
    default:
      return found satisfies never;
  }
}

function pollSeconds(building: number): number {
  return Math.min(MAX_POLL_SECONDS, Math.max(POLL_SECONDS, building / LOOKS));
}

async function dropLeftover(
  database: Database,
  { title }: DdlStep,
  { schema, name: leftover }: NonNullable<DdlStep["index"]>,
): Promise<StepResult> {
  const text = fragment`DROP INDEX CONCURRENTLY IF EXISTS ${name(schema, leftover)}`.text;
  const { finished } = await database.executeLong({ text, parameters: {} });
  return finished ? more(`${title}: dropped an invalid leftover`) : wait(POLL_SECONDS, `${title}: dropping a leftover`);
}

async function start(database: Database, step: DdlStep, text: string): Promise<StepResult> {
  try {
    const { finished } = await database.executeLong({ text, parameters: {} });
    return finished ? more(`${step.title}: built`) : wait(POLL_SECONDS, `${step.title}: building`);
  } catch (error) {
    // 42P07: a second caller started the same build between our look and our statement; 40P01: deadlock, leaves INVALID.
    if (error instanceof DatabaseError && ["42P07", "40P01"].includes(error.sqlState)) {
      return wait(1, `${step.title}: ${error.details.problem}`);
    }
    if (!(error instanceof DatabaseError)) throw error;
    throw new StatementFailed({
      object: `step "${step.id}"`,
      problem: `failed: ${error.details.problem}`,
      remedy: "Mend the cause and start the migration again: an invalid index is dropped and built anew",
      cause: error,
    });
  }
}

async function indexState(
  database: Database,
  index: NonNullable<DdlStep["index"]>,
  table: Applier["plan"]["table"],
): Promise<IndexState> {
  const [row] = await database.execute(sql`
    SELECT (tn.nspname, t.relname) IS NOT DISTINCT FROM (CAST(${table.schema} AS name), CAST(${table.name} AS name)) AS ours,
           i.indisvalid AS valid, build.progress, build.seconds
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
      LEFT JOIN (pg_index AS i JOIN pg_class AS t ON t.oid = i.indrelid JOIN pg_namespace AS tn ON tn.oid = t.relnamespace)
        ON i.indexrelid = c.oid
      LEFT JOIN LATERAL (
        -- A build says its index a moment after that is there to be seen, and 0 until then: no leftover to be dropped.
        SELECT format('%s, block %s of %s', p.phase, p.blocks_done, p.blocks_total) AS progress,
               CAST(extract(epoch FROM clock_timestamp() - a.query_start) AS double precision) AS seconds
        FROM pg_stat_progress_create_index AS p JOIN pg_stat_activity AS a USING (pid)
        WHERE p.relid = i.indrelid AND p.index_relid IN (i.indexrelid, 0) LIMIT 1) AS build ON true
    WHERE n.nspname = ${index.schema} AND c.relname = ${index.name}`);
  if (!row) return { state: "missing" };
  if (row["ours"] !== true) return { state: "foreign" };
  if (row["valid"] === true) return { state: "valid" };
  if (row["progress"] === null) return { state: "invalid" };
  return { state: "building", progress: String(row["progress"]), seconds: Number(row["seconds"] ?? 0) };
}

/** Waiting would not end: what has the name is there to stay, and is not what the plan asks for. */
function nameTaken({ id }: DdlStep, { schema, name: taken }: NonNullable<DdlStep["index"]>): StatementFailed {
  return new StatementFailed({
    object: `step "${id}"`,
    problem: `cannot build index ${messageName(schema, taken)}: another relation has the name`,
    remedy: "Rename that one, then start the migration again: it goes on from this step",
  });
}
