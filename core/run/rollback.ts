import { z } from "zod";
import { DatabaseError, DatabaseUnavailable, NotFound, RollbackTooLate, StatementTimeout } from "../errors.ts";
import { OLD_PATH, sameFlagState } from "../flag.ts";
import { recordEvent } from "../ledger/event.ts";
import { recordOutcome } from "../ledger/run.ts";
import { REVERSIBLE } from "../plan/phases.ts";
import type { Database, RunRecord } from "../ports.ts";
import type { Ports } from "./run.ts";
import { done, wait, type StepResult } from "./step-result.ts";

/** What starts a rollback, by hand or from the migration's state machine. */
export const rollbackRequestSchema = z.object({
  run: z.string().min(1).describe("The execution's name"),
  reason: z.string().optional(),
  /** What a state failed with, as Step Functions has it: of a time-out there is no cause. */
  error: z.object({ Error: z.string().optional(), Cause: z.string().optional() }).optional(),
});
export type RollbackRequest = z.infer<typeof rollbackRequestSchema>;

/** A run that a rollback has claimed: what the state machine carries on. */
export const rollbackClaimSchema = z.object({
  runId: z.string(),
  migration: z.string(),
  executionArn: z.string(),
  planHash: z.string(),
  reason: z.string(),
});
export type RollbackClaim = z.infer<typeof rollbackClaimSchema>;

/**
 * Claims the run by compare-and-set. Claiming it twice gives the same claim, so that a rollback which died can be
 * started again: until it has ended, the run holds its table.
 *
 * @throws NotFound; RollbackTooLate where contract has claimed the run, or it is done, or its rollback is over.
 */
export async function claimRollback(
  { control, clock }: Pick<Ports, "control" | "clock">,
  request: RollbackRequest,
): Promise<RollbackClaim> {
  const before = await control.run(request.run);
  if (!before) {
    throw new NotFound({
      object: `run "${request.run}"`,
      problem: "is not in the control table",
      remedy: "List runs with sluice status",
    });
  }
  if (before.phase === "rolled-back") await requireHold(control, before);
  const reason = reasonOf(request);
  const record = await control.transition({
    runId: request.run,
    from: REVERSIBLE,
    to: "rolled-back",
    at: clock.now().toISOString(),
    reason,
  });
  if (record.phase !== "rolled-back") {
    throw new RollbackTooLate({
      object: `run "${record.runId}"`,
      problem: `is in phase ${record.phase}: the old shape is being removed or gone, so there is no path to return to`,
      remedy: "Roll forward: let contract finish, and restore what is missing with a new migration",
    });
  }
  const { runId, migration, executionArn, planHash } = record;
  return { runId, migration, executionArn, planHash, reason: record.reason ?? reason };
}

function reasonOf({ reason, error }: RollbackRequest): string {
  const said = [reason, error?.Error, error?.Cause].filter((part) => part !== undefined && part !== "");
  return said.length === 0 ? "asked for by an operator" : said.join(": ").slice(0, 2_000);
}

/**
 * A run that gave its table away has no say in the flag any more: a later run of the migration may have dropped the
 * old shape, and traffic that is sent there then finds nothing.
 */
async function requireHold(control: Ports["control"], { runId, table }: RunRecord): Promise<void> {
  const holder = await control.holder(table);
  if (holder?.runId === runId) return;
  throw new RollbackTooLate({
    object: `run "${runId}"`,
    problem: `was rolled back before, and ${holder ? `table "${table}" belongs to run "${holder.runId}" now` : "has given its table free"}`,
    remedy: holder
      ? `Roll run "${holder.runId}" back instead`
      : "Roll back the migration's newest run instead, if it can be",
  });
}

/** Stops the run's execution, if it is still going. */
export async function stopRun({ executions }: Pick<Ports, "executions">, claim: RollbackClaim): Promise<StepResult> {
  await executions.stop(claim.executionArn, { error: "RolledBack", cause: claim.reason.slice(0, 2_000) });
  return done("the execution does not run any more");
}

const DEPLOYMENT_POLL_SECONDS = 1;

/** Puts all traffic on the old path. Where no flag was ever deployed, clients are on it already. */
export async function returnTraffic(
  { flags }: Pick<Ports, "flags">,
  { migration }: RollbackClaim,
): Promise<StepResult> {
  if (!(await flags.deployed(migration))) return done("no flag was deployed: all traffic is on the old path");
  const deployment = await flags.deploy(migration, OLD_PATH, "immediate");
  const state = await flags.deployment(migration, deployment);
  if (state !== "complete") return wait(DEPLOYMENT_POLL_SECONDS, `deployment ${String(deployment)} is ${state}`);
  const current = await flags.current(migration);
  return current && sameFlagState(current, OLD_PATH)
    ? done("all traffic is on the old path")
    : wait(DEPLOYMENT_POLL_SECONDS, "another deployment came in between; deploying the old path again");
}

/** What a rollback did, as its execution's output. */
export interface RollbackReport extends RollbackClaim {
  /** False where the database did not answer: control and the flag are right, the ledger lacks the entry. */
  readonly ledgerWritten: boolean;
}

/** Ends a rollback: ledger where the database answers, the table given free, people told. */
export async function recordRollback(
  { control, notifier, database }: Pick<Ports, "control" | "notifier" | "database">,
  claim: RollbackClaim,
): Promise<RollbackReport> {
  const ledgerWritten = await writeLedger(database, claim);
  await control.release(claim.runId);
  await notifier.notify({
    subject: `Sluice: ${claim.migration} was rolled back`,
    body:
      `Run ${claim.runId} was rolled back: ${claim.reason}\nAll traffic is on the old path. The expanded schema and its ` +
      `sync triggers stay, so starting the migration again goes on where this run stopped.`,
  });
  return { ...claim, ledgerWritten };
}

async function writeLedger(database: Database, claim: RollbackClaim): Promise<boolean> {
  try {
    await recordEvent(database, {
      runId: claim.runId,
      kind: "rollback",
      subject: claim.migration,
      detail: { reason: claim.reason },
    });
    await recordOutcome(database, claim.runId, "rolled-back");
    return true;
  } catch (error) {
    // Not reachable, or the run failed before it made the ledger. Traffic is what counts, and it has returned.
    if (error instanceof DatabaseError || error instanceof DatabaseUnavailable || error instanceof StatementTimeout)
      return false;
    throw error;
  }
}
