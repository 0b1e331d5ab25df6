import type { Session } from "../ports.ts";
import { sql } from "../sql/statement.ts";

/** What the ledger remembers of a run beside its data: for people, and for counting tries. */
export type EventKind =
  | "lock-timeout"
  | "gate"
  | "approval-requested"
  | "decision"
  | "paused"
  | "resumed"
  | "flag-deployment"
  | "flag-step"
  | "validation-result"
  | "rollback"
  | "undo";

export interface LedgerEvent {
  readonly runId: string;
  readonly kind: EventKind;
  /** What it is about: a step's id, an alarm, a job. */
  readonly subject: string;
  readonly detail: Readonly<Record<string, unknown>>;
}

export async function recordEvent(session: Session, event: LedgerEvent): Promise<void> {
  await session.execute(sql`
    INSERT INTO sluice.event (run_id, kind, subject, detail)
    VALUES (${event.runId}, ${event.kind}, ${event.subject}, CAST(${JSON.stringify(event.detail)} AS jsonb))`);
}

/** Tries of a step that a lock stood in the way of; the tries of an undo that was given up do not count for the next. */
export async function countLockTimeouts(session: Session, runId: string, stepId: string): Promise<number> {
  const [row] = await session.execute(sql`
    SELECT CAST(count(*) AS int) AS n FROM sluice.event
    WHERE run_id = ${runId} AND kind = 'lock-timeout' AND subject = ${stepId}
      AND id > coalesce((SELECT max(id) FROM sluice.event WHERE run_id = ${runId} AND kind = 'undo'), 0)`);
  return Number(row?.["n"] ?? 0);
}

export async function countEvents(session: Session, event: Omit<LedgerEvent, "detail">): Promise<number> {
  const [row] = await session.execute(sql`
    SELECT CAST(count(*) AS int) AS n FROM sluice.event
    WHERE run_id = ${event.runId} AND kind = ${event.kind} AND subject = ${event.subject}`);
  return Number(row?.["n"] ?? 0);
}
