import { DatabaseError, GateFailed, StatementTimeout } from "../../errors.ts";
import { unreadRelations } from "../../ledger/shard.ts";
import { isSyncTriggerSql } from "../../operations/toolkit/sync-names.ts";
import type { Database } from "../../ports.ts";
import { raw, sql } from "../../sql/statement.ts";
import { shardJob } from "../shards/jobs.ts";
import type { Run } from "../run.ts";
import { failedPreconditions } from "../ddl/step-requirement.ts";

/**
 * That what the proof before contract found is still so. It read every row in agreement, and from there on the sync
 * triggers keep it, if three things hold, each of which is cheap to ask:
 *
 * 1. the triggers are as the plan made them, on the table and on every partition;
 * 2. nobody took them away, or disabled them, and put them back since the proof began;
 * 3. no relation came to the table with rows that the proof has not read.
 *
 * The first is asked again under the lock of the drop (`DdlStep.requires`).
 *
 * @throws GateFailed that names each thing; nothing was dropped.
 */
export async function requireProofStands(database: Database, run: Run): Promise<void> {
  if (run.plan.validation.scan === "") return;
  const broken = await brokenRequirements(database, run);
  // A trigger that is broken now has been altered as well: once is enough to say it.
  const altered = broken.length > 0 ? [] : await alteredTriggers(database, run);
  const problems = [...broken, ...altered, ...(await unprovenRelations(database, run))];
  if (problems.length === 0) return;
  const { schema, name } = run.plan.table;
  throw new GateFailed({
    object: `table "${schema}.${name}"`,
    problem: `may have rows whose two sides differ, and a drop would lose them: ${problems.join(", ")}`,
    remedy: "Nothing was dropped. Mend that and the rows, then start the migration again, which makes a new proof",
  });
}

async function brokenRequirements(database: Database, { plan }: Run): Promise<readonly string[]> {
  const found: string[] = [];
  for (const { requires } of plan.contract)
    if (requires) found.push(...(await failedPreconditions(database, requires)));
  return found;
}

/**
 * Disabling or enabling a trigger writes its row in `pg_trigger` anew, and making one writes a new row; `xmin` is the
 * transaction that did. It is ours where it is that of a step in the ledger, which was recorded in the same transaction.
 * It came with its partition where it is that of the partition's link in `pg_inherits`, or of a link above it. Any other
 * that is younger than the proof's first scan changed the trigger since. A transaction that was open already when the
 * proof began may pass unseen.
 */
async function alteredTriggers(database: Database, run: Run): Promise<readonly string[]> {
  const { planHash, job, table } = shardJob(run, "validate-before-contract");
  const rows = await database.execute(sql`
    WITH RECURSIVE root AS (
      SELECT c.oid FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
      WHERE n.nspname = ${table.schema} AND c.relname = ${table.name}
    ), proof AS (
      SELECT max(age(c.xmin)) AS age FROM sluice."check" AS c WHERE c.plan_hash = ${planHash} AND c.job = ${job}
    ), link AS (
      SELECT oid AS relation, CAST('{}' AS xid[]) AS made FROM root
      UNION ALL
      SELECT i.inhrelid, l.made || i.xmin FROM link AS l JOIN pg_inherits AS i ON i.inhparent = l.relation
    )
    SELECT DISTINCT format('trigger %I on %s was altered or made anew after the proof had begun', t.tgname, o.identity) AS problem
    FROM link AS l JOIN pg_trigger AS t ON t.tgrelid = l.relation
      CROSS JOIN LATERAL pg_identify_object(CAST('pg_class' AS regclass), l.relation, 0) AS o
    WHERE ${isSyncTriggerSql(raw("t.tgname"))} AND age(t.xmin) < (SELECT age FROM proof)
      AND NOT EXISTS (SELECT FROM sluice.step AS s WHERE s.plan_hash = ${planHash} AND s.xmin = t.xmin)
      AND NOT t.xmin = ANY (l.made)
    ORDER BY problem`);
  return rows.map((row) => String(row["problem"]));
}

/** A partition that was created since holds only what came through the triggers; one that was attached may not. */
async function unprovenRelations(database: Database, run: Run): Promise<readonly string[]> {
  const problems: string[] = [];
  for (const relation of await unreadRelations(database, shardJob(run, "validate-before-contract"))) {
    const found = await differs(database, run, relation);
    if (found !== undefined) problems.push(`relation ${relation} came after the proof, and ${found}`);
  }
  return problems;
}

async function differs(database: Database, { plan }: Run, relation: string): Promise<string | undefined> {
  const text = plan.validation.differs.replaceAll("{relation}", () => relation);
  try {
    const [row] = await database.execute({ text, parameters: {} });
    return row?.["differs"] === true ? "has rows that differ" : undefined;
  } catch (error) {
    if (!(error instanceof StatementTimeout) && !(error instanceof DatabaseError)) throw error;
    return `could not be read: ${error.details.problem}`;
  }
}
