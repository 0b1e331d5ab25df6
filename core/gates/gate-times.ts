import type { Session } from "../ports.ts";
import { type Raw, raw, sql } from "../sql/statement.ts";
import type { Run } from "../run/run.ts";
import type { GateEvaluation } from "./evaluation.ts";

/** A gate's times up to now, in seconds, from the looks that the ledger has of it. */
export interface GateTimes {
  /** Since the first look of an unbroken row in which everything but the approval held; 0 where the last one did not. */
  readonly stableSeconds: number;
  /** For which something did not hold, since the gate last passed or asked for its approval. */
  readonly waitedSeconds: number;
  /** Since the first look after that. */
  readonly elapsedSeconds: number;
  /** Looks in all, whatever came in between. */
  readonly looks: number;
}

/**
 * Reads a gate's times. They stand in the ledger and nowhere else, and go by the database's clock, so that a step which
 * died, or which is called a day later, knows them. A pause ends them all: nobody looked while it lasted.
 *
 * A look lasts until the next one, or until now. Whether it was one at which something did not hold is read from its
 * readings: while `stableForSeconds` run, a gate waits although all of them pass.
 */
export async function gateTimes(session: Session, run: Run, gate: GateEvaluation["gate"]): Promise<GateTimes> {
  const [row] = await session.execute(sql`
    WITH look AS (
      SELECT id, at, lead(at, 1, clock_timestamp()) OVER (ORDER BY id) AS until,
        detail ->> 'status' IN ('pass', 'ask') AS through,
        EXISTS (SELECT FROM jsonb_array_elements(detail -> 'readings') AS reading
                WHERE reading ->> 'kind' <> 'approval' AND reading ->> 'status' <> 'pass') AS broken
      FROM sluice.event
      WHERE run_id = ${run.ref.id} AND kind = 'gate' AND subject = ${gate}
        AND id > coalesce((SELECT max(id) FROM sluice.event WHERE run_id = ${run.ref.id} AND kind = 'resumed'), 0)
    ), mark AS (
      SELECT coalesce(max(id) FILTER (WHERE broken), 0) AS broken, coalesce(max(id) FILTER (WHERE through), 0) AS through
      FROM look
    )
    SELECT ${seconds(`clock_timestamp() - min(at) FILTER (WHERE id > mark.broken)`)} AS passed,
      ${seconds(`sum(until - at) FILTER (WHERE look.broken AND id > mark.through)`)} AS held,
      ${seconds(`clock_timestamp() - min(at) FILTER (WHERE id > mark.through)`)} AS waited,
      (SELECT count(*) FROM sluice.event WHERE run_id = ${run.ref.id} AND kind = 'gate' AND subject = ${gate}) AS looks
    FROM look, mark`);
  const number = (key: string): number => Number(row?.[key] ?? 0);
  return {
    stableSeconds: number("passed"),
    waitedSeconds: number("held"),
    elapsedSeconds: number("waited"),
    looks: number("looks"),
  };
}

/** An interval, or none, in seconds. */
function seconds(interval: string): Raw {
  return raw(`CAST(coalesce(extract(epoch FROM ${interval}), 0) AS double precision)`);
}
