import type { Session } from "../ports.ts";
import type { Findings } from "../run/shards/validation-result.ts";
import { sql } from "../sql/statement.ts";

/**
 * What the run's newest validation found, as it was recorded. Not the checks of the shards: a table that was rewritten
 * since has none that count, although it was validated.
 */
export async function newestValidation(session: Session, runId: string): Promise<Findings | undefined> {
  const [row] = await session.execute(sql`
    SELECT detail::text AS detail FROM sluice.event
    WHERE run_id = ${runId} AND kind = 'validation-result' ORDER BY id DESC LIMIT 1`);
  return row ? (JSON.parse(String(row["detail"])) as Findings) : undefined;
}
