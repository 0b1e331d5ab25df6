import type { Session } from "../ports.ts";
import { sql } from "../sql/statement.ts";

/**
 * Notes that a run was rolled back, and why: its outcome and one event, in one statement. Done already, it changes
 * nothing.
 *
 * @returns whether the ledger has the run at all.
 */
export async function recordRolledBack(
  session: Session,
  { runId, migration, reason }: { readonly runId: string; readonly migration: string; readonly reason: string },
): Promise<boolean> {
  const [row] = await session.execute(sql`
    WITH ended AS (
      UPDATE sluice.run SET outcome = 'rolled-back', ended_at = clock_timestamp()
      WHERE run_id = ${runId} AND outcome IS NULL RETURNING run_id),
    noted AS (
      INSERT INTO sluice.event (run_id, kind, subject, detail)
      SELECT run_id, 'rollback', ${migration}, CAST(${JSON.stringify({ reason })} AS jsonb) FROM ended)
    SELECT EXISTS (SELECT FROM sluice.run WHERE run_id = ${runId}) AS known`);
  return row?.["known"] === true;
}
