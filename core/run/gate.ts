import { recordEvent } from "../ledger/event.ts";
import type { Database } from "../ports.ts";
import { sql } from "../sql/statement.ts";
import { alarmHealth, gateFailed, type AlarmHealth } from "./alarm-health.ts";
import { requirePhase, type Ports, type Run } from "./run.ts";
import { done, wait, type StepResult } from "./step-result.ts";

/**
 * Passes when every alarm of the plan is OK now. Otherwise it holds until its timeout, and then fails; with traffic
 * on the new path already, an alarm in ALARM fails it at once.
 *
 * @throws GateFailed
 */
export async function gate(ports: Pick<Ports, "control" | "alarms" | "database">, run: Run): Promise<StepResult> {
  const { phase } = await requirePhase(ports.control, run, ["validate", "cutover"]);
  const health = await alarmHealth(ports.alarms, run.plan.gate.alarms);
  return judgeHealth(ports.database, run, { subject: "cutover", health, failAtOnce: phase === "cutover" });
}

export interface HealthQuestion {
  readonly subject: string;
  readonly health: AlarmHealth;
  /** An alarm in ALARM is not waited for. */
  readonly failAtOnce: boolean;
}

/** Looks of one hold at the most: each is a few events of the 25,000 that an execution may have. */
const MOST_LOOKS = 200;

/** Records a look at the alarms, and turns it into: go on, wait, or fail. */
export async function judgeHealth(database: Database, run: Run, question: HealthQuestion): Promise<StepResult> {
  const { subject, health } = question;
  const { alarms, timeoutSeconds, pollSeconds } = run.plan.gate;
  const about = { runId: run.ref.id, kind: "gate", subject } as const;
  const verdict = health.healthy ? "pass" : "hold";
  await recordEvent(database, { ...about, detail: { verdict, alarms, reasons: health.reasons } });
  if (health.healthy) return done(`${String(alarms.length)} alarms are OK`);
  const held = await secondsOnHold(database, run, subject);
  if ((question.failAtOnce && health.alarming) || held >= timeoutSeconds) throw gateFailed(subject, health.reasons);
  return wait(
    Math.max(pollSeconds, timeoutSeconds / MOST_LOOKS),
    `on hold for ${String(Math.round(held))} s of ${String(timeoutSeconds)} s: ${health.reasons.join(", ")}`,
  );
}

/** Since the first hold that no pass has followed. */
async function secondsOnHold(database: Database, run: Run, subject: string): Promise<number> {
  const [row] = await database.execute(sql`
    SELECT CAST(coalesce(extract(epoch FROM clock_timestamp() - min(at)), 0) AS double precision) AS seconds
    FROM sluice.event AS e
    WHERE run_id = ${run.ref.id} AND kind = 'gate' AND subject = ${subject} AND detail ->> 'verdict' = 'hold'
      AND id > coalesce((SELECT max(id) FROM sluice.event AS p
                         WHERE p.run_id = e.run_id AND p.kind = 'gate' AND p.subject = e.subject
                           AND p.detail ->> 'verdict' = 'pass'), 0)`);
  return Number(row?.["seconds"] ?? 0);
}
