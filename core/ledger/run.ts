import type { Session } from "../ports.ts";
import { sql } from "../sql/statement.ts";

/** A run as the ledger has it. */
export interface LedgerRun {
  readonly runId: string;
  readonly migration: string;
  readonly migrationHash: string;
  readonly planHash: string;
}

export async function recordRun(session: Session, run: LedgerRun): Promise<void> {
  await session.execute(sql`
    INSERT INTO sluice.run (run_id, migration, migration_hash, plan_hash)
    VALUES (${run.runId}, ${run.migration}, ${run.migrationHash}, ${run.planHash}) ON CONFLICT DO NOTHING`);
}

export type Outcome = "done" | "rolled-back" | "undone";

/**
 * Ends a run. What closes its plan is final: the entry of a rollback that comes late, or twice, must not open the plan
 * of a run that was undone meanwhile again.
 *
 * @returns whether the ledger has it by this call.
 */
export async function recordOutcome(session: Session, runId: string, outcome: Outcome): Promise<boolean> {
  const rows = await session.execute(sql`
    UPDATE sluice.run SET outcome = ${outcome}, ended_at = clock_timestamp()
    WHERE run_id = ${runId} AND (outcome IS NULL OR outcome NOT IN ('done', 'undone')) RETURNING run_id`);
  return rows.length === 1;
}

/** How a run ended; undefined while it goes on, and for one that the ledger does not have. */
export async function runOutcome(session: Session, runId: string): Promise<Outcome | undefined> {
  const [row] = await session.execute(sql`SELECT outcome FROM sluice.run WHERE run_id = ${runId}`);
  return (row?.["outcome"] ?? undefined) as Outcome | undefined;
}

/** The newest run of a plan beside `except`, where there is one. */
export async function newestRun(
  session: Session,
  { planHash, except }: { readonly planHash: string; readonly except: string },
): Promise<string | undefined> {
  const [row] = await session.execute(sql`
    SELECT run_id FROM sluice.run WHERE plan_hash = ${planHash} AND run_id <> ${except}
    ORDER BY started_at DESC LIMIT 1`);
  return row && String(row["run_id"]);
}

/** A plan that was begun and neither finished nor undone: the table has its columns and triggers. */
export interface OpenPlan {
  readonly planHash: string;
  readonly migrationHash: string;
  /** Its newest run. */
  readonly runId: string;
  readonly contractBegun: boolean;
}

/** How often a migration of this name was carried to an end on this database. */
export async function finishedRuns(session: Session, migration: string): Promise<number> {
  const [row] = await session.execute(sql`
    SELECT CAST(count(*) AS int) AS n FROM sluice.run WHERE migration = ${migration} AND outcome IN ('done', 'undone')`);
  return Number(row?.["n"] ?? 0);
}

/** The open plan of a migration: the newest that has a step applied and no run that ended as done or undone. */
export async function openPlan(session: Session, migration: string): Promise<OpenPlan | undefined> {
  const [row] = await session.execute(sql`
    SELECT r.plan_hash, r.migration_hash, r.run_id,
      EXISTS (SELECT FROM sluice.phase AS p JOIN sluice.run AS x USING (run_id)
              WHERE x.plan_hash = r.plan_hash AND p.phase = 'contract') AS contract_begun
    FROM sluice.run AS r
    WHERE r.migration = ${migration}
      AND EXISTS (SELECT FROM sluice.step AS s WHERE s.plan_hash = r.plan_hash)
      AND NOT EXISTS (SELECT FROM sluice.run AS e WHERE e.plan_hash = r.plan_hash AND e.outcome IN ('done', 'undone'))
    ORDER BY r.started_at DESC LIMIT 1`);
  if (!row) return undefined;
  return {
    planHash: String(row["plan_hash"]),
    migrationHash: String(row["migration_hash"]),
    runId: String(row["run_id"]),
    contractBegun: row["contract_begun"] === true,
  };
}
