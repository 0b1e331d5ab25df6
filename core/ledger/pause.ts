import type { Database, Pause, RunRecord, Session } from "../ports.ts";
import { sql } from "../sql/statement.ts";
import { countEvents, type LedgerEvent } from "./event.ts";

/**
 * Writes down what the run registry knows of a run's pauses: that it is paused, and how the pause before ended. Each pause is
 * named by its beginning, and written once: workers meet it at the same moment, and every later step asks again.
 */
export async function recordPauses(database: Database, { runId, paused, lastPause }: RunRecord): Promise<void> {
  const events = [
    ...(lastPause ? [begun(runId, lastPause), ended(runId, lastPause)] : []),
    ...(paused ? [begun(runId, paused)] : []),
  ];
  const last = events.at(-1);
  if (last === undefined || (await countEvents(database, last)) > 0) return;
  await database.transaction(async (session) => {
    await session.execute(sql`SELECT run_id FROM sluice.run WHERE run_id = ${runId} FOR UPDATE`);
    for (const event of events) await recordOnce(session, event);
  });
}

function begun(runId: string, { by, at, reason }: Pause): LedgerEvent {
  return { runId, kind: "paused", subject: at, detail: { by, at, reason } };
}

function ended(runId: string, pause: NonNullable<RunRecord["lastPause"]>): LedgerEvent {
  return { runId, kind: "resumed", subject: pause.at, detail: { by: pause.resumedBy, at: pause.resumedAt } };
}

/** The run's row is locked: nobody else writes the same between the look and the insert. */
async function recordOnce(session: Session, event: LedgerEvent): Promise<void> {
  await session.execute(sql`
    INSERT INTO sluice.event (run_id, kind, subject, detail)
    SELECT CAST(${event.runId} AS text), CAST(${event.kind} AS text), CAST(${event.subject} AS text),
      CAST(${JSON.stringify(event.detail)} AS jsonb)
    WHERE NOT EXISTS (
      SELECT FROM sluice.event
      WHERE run_id = ${event.runId} AND kind = ${event.kind} AND subject = ${event.subject})`);
}
