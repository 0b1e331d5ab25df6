import type { Session } from "../ports.ts";
import { type Raw, raw, sql } from "../sql/statement.ts";
import { PEOPLE_KINDS } from "./conditions/kinds.ts";

/** A gate's times up to now, in seconds, from the evaluations that the ledger has of it. */
export interface GateTimes {
  /**
   * Since the first evaluation of an unbroken row in which every condition that people do not fulfil passed; 0 where one
   * did not pass in the last.
   */
  readonly stableSeconds: number;
  /** For which one did not pass, since the gate last passed or asked people. */
  readonly waitedSeconds: number;
  /** Since the first evaluation after that. */
  readonly elapsedSeconds: number;
  /** Evaluations in all, whatever came in between. */
  readonly polls: number;
}

/**
 * Reads a gate's times. They are in the ledger and nowhere else, and go by the database's clock, so that a step which
 * died, or which is called a day later, knows them. A pause ends them all: nothing was evaluated while it lasted.
 *
 * An evaluation lasts until the next one, or until now. Whether a condition did not pass in it is told by its readings:
 * while `stableForSeconds` run, a gate waits although all of them pass.
 */
export async function gateTimes(session: Session, runId: string, gate: string): Promise<GateTimes> {
  const [row] = await session.execute(sql`
    WITH poll AS (
      SELECT id, at, lead(at, 1, clock_timestamp()) OVER (ORDER BY id) AS until,
        detail ->> 'status' IN ('pass', 'ask') AS through,
        EXISTS (SELECT FROM jsonb_array_elements(detail -> 'readings') AS reading
                WHERE reading ->> 'status' <> 'pass'
                  AND reading ->> 'kind' <> ALL (string_to_array(${PEOPLE_KINDS}, ','))) AS broken
      FROM sluice.event
      WHERE run_id = ${runId} AND kind = 'gate' AND subject = ${gate}
        AND id > coalesce((SELECT max(id) FROM sluice.event WHERE run_id = ${runId} AND kind = 'resumed'), 0)
    ), mark AS (
      SELECT coalesce(max(id) FILTER (WHERE broken), 0) AS broken, coalesce(max(id) FILTER (WHERE through), 0) AS through
      FROM poll
    )
    SELECT ${seconds(`clock_timestamp() - min(at) FILTER (WHERE id > mark.broken)`)} AS stable,
      ${seconds(`sum(until - at) FILTER (WHERE poll.broken AND id > mark.through)`)} AS waited,
      ${seconds(`clock_timestamp() - min(at) FILTER (WHERE id > mark.through)`)} AS elapsed,
      (SELECT count(*) FROM sluice.event WHERE run_id = ${runId} AND kind = 'gate' AND subject = ${gate}) AS polls
    FROM poll, mark`);
  const number = (key: string): number => Number(row?.[key] ?? 0);
  return {
    stableSeconds: number("stable"),
    waitedSeconds: number("waited"),
    elapsedSeconds: number("elapsed"),
    polls: number("polls"),
  };
}

/** An interval, or none, in seconds. */
function seconds(interval: string): Raw {
  return raw(`CAST(coalesce(extract(epoch FROM ${interval}), 0) AS double precision)`);
}
