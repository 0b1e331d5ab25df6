import { z } from "zod";
import { StatementFailed } from "../errors.ts";
import type { Session } from "../ports.ts";
import { sql } from "../sql/statement.ts";
import { PEOPLE_KINDS } from "./conditions/kinds.ts";

const gateReportSchema = z.object({
  /** As in `GateEvaluation`. */
  gate: z.string(),
  /** Times that it was evaluated. */
  polls: z.number(),
  /** From each evaluation in which a condition that people do not fulfil did not pass, until the next one. */
  waitedSeconds: z.number(),
  /** What people answered where it asked them. */
  decisions: z.array(z.object({ by: z.string(), answer: z.string(), reason: z.string() })),
});

/** How one gate of a run went. */
export type GateReport = z.infer<typeof gateReportSchema>;

/** The gates of a run from its ledger's events, in the order in which each was first asked. */
export async function gateReports(session: Session, runId: string): Promise<readonly GateReport[]> {
  const [row] = await session.execute(sql`
    WITH event AS (
      SELECT id, kind, subject, detail, at FROM sluice.event
      WHERE run_id = ${runId} AND kind IN ('gate', 'decision')
    ), poll AS (
      SELECT id, subject,
        EXISTS (SELECT FROM jsonb_array_elements(detail -> 'readings') AS r
                WHERE r ->> 'status' <> 'pass'
                  AND r ->> 'kind' <> ALL (string_to_array(${PEOPLE_KINDS}, ','))) AS broken,
        extract(epoch FROM lead(at, 1, at) OVER (PARTITION BY subject ORDER BY id) - at) AS seconds
      FROM event WHERE kind = 'gate'
    ), gate AS (
      SELECT subject, min(id) AS first, count(*) AS polls,
        coalesce(round(sum(seconds) FILTER (WHERE broken), 1), 0) AS waited
      FROM poll GROUP BY subject
    )
    SELECT CAST(coalesce(jsonb_agg(jsonb_build_object(
      'gate', g.subject, 'polls', g.polls, 'waitedSeconds', g.waited, 'decisions', (
        SELECT coalesce(jsonb_agg(jsonb_build_object(
          'by', d.detail ->> 'by', 'answer', d.detail ->> 'answer', 'reason', d.detail ->> 'reason') ORDER BY d.id), '[]')
        FROM event AS d WHERE d.kind = 'decision' AND d.subject = g.subject)) ORDER BY g.first), '[]') AS text) AS gates
    FROM gate AS g`);
  const parsed = z.array(gateReportSchema).safeParse(JSON.parse(String(row?.["gates"] ?? "[]")));
  if (parsed.success) return parsed.data;
  throw new StatementFailed({
    object: `the gates of run "${runId}" in the ledger`,
    problem: `are not as this version writes them: ${z.prettifyError(parsed.error)}`,
    remedy: "Report the run with the version that ran it",
  });
}
