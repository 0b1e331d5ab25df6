import { recordEvent, type LedgerEvent } from "../ledger/event.ts";
import type { Approval, Session } from "../ports.ts";
import { sql } from "../sql/statement.ts";
import type { GateEvaluation } from "./evaluation.ts";

/** Writes an evaluation down: the gate's times are read from these, and operators read in them why it waited. */
export async function recordEvaluation(session: Session, runId: string, evaluation: GateEvaluation): Promise<void> {
  await recordEvent(session, {
    runId,
    kind: "gate",
    subject: evaluation.gate,
    detail: { ...evaluation },
  });
}

/**
 * Writes down that people were asked, and what they decided, each time once. By the next evaluation, since the decision
 * is made elsewhere, where no database is at hand, and since a step may die between the question and the ledger.
 */
export async function recordApproval(session: Session, approval: Approval): Promise<void> {
  const { runId, gate, decision, requestedAt, deadline } = approval;
  await recordOnce(session, { runId, kind: "approval-requested", subject: gate, detail: { requestedAt, deadline } });
  if (!decision) return;
  const { by, answer, reason, at } = decision;
  await recordOnce(session, { runId, kind: "decision", subject: gate, detail: { by, answer, reason, at } });
}

async function recordOnce(session: Session, { runId, kind, subject, detail }: LedgerEvent): Promise<void> {
  await session.execute(sql`
    INSERT INTO sluice.event (run_id, kind, subject, detail)
    SELECT CAST(${runId} AS text), CAST(${kind} AS text), CAST(${subject} AS text),
      CAST(${JSON.stringify(detail)} AS jsonb)
    WHERE NOT EXISTS (
      SELECT FROM sluice.event WHERE run_id = ${runId} AND kind = ${kind} AND subject = ${subject}
        AND detail = CAST(${JSON.stringify(detail)} AS jsonb))`);
}
