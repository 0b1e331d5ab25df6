import type { Session } from "../ports.ts";
import { sql } from "../sql/statement.ts";

/** One step of one plan, and the run that applied it. */
export interface StepKey {
  readonly planHash: string;
  readonly stepId: string;
  readonly runId: string;
}

/** Ids of the steps that the ledger has for a plan. */
export async function appliedSteps(session: Session, planHash: string): Promise<ReadonlySet<string>> {
  const rows = await session.execute(sql`SELECT step_id FROM sluice.step WHERE plan_hash = ${planHash}`);
  return new Set(rows.map((row) => String(row["step_id"])));
}

/** Records a step; false where it is there already. */
export async function recordStep(session: Session, { planHash, stepId, runId }: StepKey): Promise<boolean> {
  const rows = await session.execute(sql`
    INSERT INTO sluice.step (plan_hash, step_id, run_id) VALUES (${planHash}, ${stepId}, ${runId})
    ON CONFLICT DO NOTHING RETURNING step_id`);
  return rows.length === 1;
}
