import { counted } from "../../counted.ts";
import { countLockTimeouts, recordEvent } from "../../ledger/event.ts";
import { isLockConflict } from "../../ledger/lock-conflict.ts";
import { appliedSteps, recordStep } from "../../ledger/step.ts";
import { DatabaseError, LockNotAcquired, StatementFailed } from "../../errors.ts";
import type { DdlStep } from "../../plan/plan.ts";
import type { Database, Session } from "../../ports.ts";
import { raw, sql } from "../../sql/statement.ts";
import { buildIndex } from "./build-index.ts";
import { backOff } from "./back-off.ts";
import { failedPreconditions } from "./step-requirement.ts";
import type { Applier } from "../run.ts";
import { done, more, wait, type StepResult } from "../step-result.ts";

/**
 * Applies the first step that the ledger does not have yet; the state machine calls again until all are there.
 *
 * @throws LockNotAcquired after the plan's number of tries; StatementFailed where trying again cannot help.
 */
export async function applyNextStep(database: Database, run: Applier, steps: readonly DdlStep[]): Promise<StepResult> {
  const applied = await appliedSteps(database, run.plan.hash);
  const step = steps.find((candidate) => !applied.has(candidate.id));
  if (!step) return done(`${counted(steps.length, "step")} applied`);
  return step.mode === "concurrent" ? buildIndex(database, run, step) : applyInTransaction(database, run, step);
}

async function applyInTransaction(database: Database, run: Applier, step: DdlStep): Promise<StepResult> {
  try {
    await database.transaction(async (session) => {
      await limitLocks(session, step);
      // First the ledger: a second caller waits here, not on the table, and then finds the step done.
      if (!(await recordStep(session, { planHash: run.plan.hash, stepId: step.id, runId: run.ref.id }))) return;
      await requireMet(session, step);
      for (const text of step.statements) await session.execute({ text, parameters: {} });
    });
    return more(`${step.title}: applied`);
  } catch (error) {
    if (isLockConflict(error)) return retryLater(database, run, step);
    if (error instanceof DatabaseError) throw failed(step, error);
    throw error;
  }
}

/** Under the requirement's lock, so that what holds now still holds when the step takes effect. */
async function requireMet(session: Session, step: DdlStep): Promise<void> {
  if (!step.requires) return;
  await session.execute({ text: step.requires.lock, parameters: {} });
  const problems = await failedPreconditions(session, step.requires);
  if (problems.length === 0) return;
  throw new StatementFailed({
    object: `step "${step.id}"`,
    problem: `was not begun, and left nothing behind: ${problems.join(", ")}`,
    remedy: "Mend that, and whatever was written meanwhile, then start the migration again: it goes on from this step",
  });
}

/** Milliseconds. Between two statements lies one call of the Data API: 0.1 s as a rule, 0.6 s now and then. */
const MIN_IDLE_MS = 2_000;

/**
 * The lock is held from the first statement to the commit, so the statements share the time that it may be held. Whoever
 * dies between two statements must not hold it on: the Data API itself would wait for 3 minutes before it rolls back.
 */
async function limitLocks(session: Session, step: DdlStep): Promise<void> {
  const statements = step.statements.length + (step.requires ? 2 : 0);
  const share = Math.max(1, Math.floor(step.statementTimeoutMs / statements));
  await session.execute({ text: `SET LOCAL lock_timeout = ${String(step.lockTimeoutMs)}`, parameters: {} });
  await session.execute({ text: `SET LOCAL statement_timeout = ${String(share)}`, parameters: {} });
  const idle = Math.max(MIN_IDLE_MS, step.statementTimeoutMs);
  await session.execute({ text: `SET LOCAL idle_in_transaction_session_timeout = ${String(idle)}`, parameters: {} });
}

async function retryLater(database: Database, run: Applier, step: DdlStep): Promise<StepResult> {
  const blockers = await blockingSessions(database, run);
  await recordEvent(database, { runId: run.ref.id, kind: "lock-timeout", subject: step.id, detail: { blockers } });
  const tries = await countLockTimeouts(database, run.ref.id, step.id);
  const holder = blockers === "" ? "another transaction" : blockers;
  if (tries >= run.plan.lockRetry.attempts) {
    throw new LockNotAcquired({
      object: `step "${step.id}"`,
      problem: `did not get its ${step.lock} lock in ${String(tries)} tries of ${String(step.lockTimeoutMs)} ms; held by ${holder}`,
      remedy: "End the long transactions on the table, then start the migration again: it goes on from here",
    });
  }
  const seconds = backOff({ ...run.plan.lockRetry, tries, seed: `${run.ref.id}/${step.id}` });
  return wait(seconds, `${step.title}: lock not free (try ${String(tries)}), held by ${holder}`);
}

/** Who holds or waits for locks on the table now, oldest transaction first: process id and age. */
async function blockingSessions(database: Database, run: Applier): Promise<string> {
  const { schema, name } = run.plan.table;
  const rows = await database.execute(sql`
    SELECT format('pid %s (%s, transaction open for %s s)', a.pid, coalesce(nullif(a.application_name, ''), a.usename),
                  coalesce(CAST(extract(epoch FROM clock_timestamp() - a.xact_start) AS int), 0)) AS session
    FROM pg_locks AS l JOIN pg_stat_activity AS a USING (pid)
    WHERE l.relation = (SELECT c.oid FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
                        WHERE n.nspname = ${schema} AND c.relname = ${name})
      AND l.granted AND a.pid <> pg_backend_pid()
    GROUP BY a.pid, a.application_name, a.usename, a.xact_start ORDER BY a.xact_start ${raw("LIMIT 3")}`);
  return rows.map((row) => String(row["session"])).join(", ");
}

function failed(step: DdlStep, error: DatabaseError): StatementFailed {
  return new StatementFailed({
    object: `step "${step.id}"`,
    problem: `failed and left nothing behind: ${error.details.problem}`,
    remedy: "Mend the cause and start the migration again: it goes on from this step",
    cause: error,
  });
}
