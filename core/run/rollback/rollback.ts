import { z } from "zod";
import { RollbackTooLate, ServiceUnavailable, SluiceError } from "../../errors.ts";
import { OLD_PATH, sameFlagState } from "../../flag.ts";
import { recordRolledBack } from "../../ledger/rolled-back.ts";
import { REVERSIBLE } from "../../plan/phases.ts";
import type { RunRecord } from "../../ports.ts";
import { causeText } from "./failure-cause.ts";
import { databaseOf, tablesObject } from "../../table-key.ts";
import { requireRun } from "../require-run.ts";
import type { Ports } from "../run.ts";
import { done, wait, type StepResult } from "../step-result.ts";

/** What starts a rollback: an operator, an alarm, or a state of the migration's machine that failed. */
export const rollbackRequestSchema = z.object({
  run: z.string().min(1).describe("The execution's name"),
  reason: z.string().optional(),
  by: z.string().optional().describe("Who asked for it, for the record; no caller is refused"),
  /** What a state failed with, as Step Functions has it: of a time-out there is no cause. */
  error: z.object({ Error: z.string().optional(), Cause: z.string().optional() }).optional(),
});
export type RollbackRequest = z.infer<typeof rollbackRequestSchema>;

/** A run that a rollback has claimed: what the state machine passes from state to state. */
export const rollbackClaimSchema = z.object({
  runId: z.string(),
  migration: z.string(),
  /** As the configuration names it: the record of a rollback needs no plan. */
  database: z.string(),
  executionArn: z.string(),
  planHash: z.string(),
  reason: z.string(),
});
export type RollbackClaim = z.infer<typeof rollbackClaimSchema>;

/**
 * Claims the run by compare-and-set, paused or not: a rollback does not wait for an operator's decision. Claiming it
 * twice returns the same claim, so that a rollback which died can be started again: until it has ended, the run has its
 * tables locked.
 *
 * @throws NotFound; RollbackTooLate where contract has claimed the run, or it is done, or its rollback is over.
 */
export async function claimRollback(
  { registry, clock }: Pick<Ports, "registry" | "clock">,
  request: RollbackRequest,
): Promise<RollbackClaim> {
  const before = await requireRun(registry, request.run);
  if (before.phase === "rolled-back") await requireTableLocks(registry, before);
  const reason = reasonOf(request);
  const record = await registry.transition({
    runId: request.run,
    from: REVERSIBLE,
    to: "rolled-back",
    at: clock.now().toISOString(),
    reason,
  });
  if (record.phase !== "rolled-back") throw tooLate(record);
  const { runId, migration, executionArn, planHash } = record;
  return { runId, migration, database: databaseOf(record), executionArn, planHash, reason: record.reason ?? reason };
}

function tooLate({ runId, phase }: RunRecord): RollbackTooLate {
  const object = `run "${runId}"`;
  if (phase === "undoing" || phase === "undone") {
    const problem = `was rolled back and ${phase === "undone" ? "undone" : "is being undone"}: all traffic is on the old path`;
    return new RollbackTooLate({ object, problem, remedy: "No traffic is left to return; find another cause" });
  }
  return new RollbackTooLate({
    object,
    problem: `is in phase ${phase}: the old shape is being removed or gone, so there is no path to return traffic to`,
    remedy: "Roll forward: let contract finish, and restore what is missing with a new migration",
  });
}

/** What the run registry keeps of it, in characters. */
const MAX_REASON = 2_000;

function reasonOf({ reason, by, error }: RollbackRequest): string {
  const cause = error?.Cause && causeText(error.Cause);
  const said = [reason, error?.Error, cause].filter((part) => part !== undefined && part !== "").join(": ");
  const who = by === undefined || by === "" ? "" : `asked for by ${by}`;
  if (said === "") return who === "" ? "asked for by an operator" : who;
  const tail = who === "" ? "" : ` (${who})`;
  return said.slice(0, MAX_REASON - tail.length) + tail;
}

/**
 * Makes sure that a rollback of the run is under way or done: one that failed keeps its name, and the run that it was
 * for may have continued since. An operator may have asked for it before the run registry had the run.
 */
export async function rollBackAgain(
  { executions }: Pick<Ports, "executions">,
  request: RollbackRequest,
): Promise<{ readonly executionArn: string }> {
  return { executionArn: await executions.startRollback({ run: request.run, reason: reasonOf(request) }) };
}

/**
 * A run that has released its tables does not decide about the flag any more: a later run of the migration may have
 * dropped the old shape, and traffic that is sent there then finds nothing.
 */
async function requireTableLocks(registry: Ports["registry"], { runId, tables }: RunRecord): Promise<void> {
  const holders = [...(await registry.lockHolders(tables)).values()];
  const other = holders.find((holder) => holder.runId !== runId);
  if (!other && holders.length > 0) return;
  const now = other
    ? `run "${other.runId}" has locked ${tablesObject(tables.filter((table) => other.tables.includes(table)))} now`
    : `has released ${tablesObject(tables)}`;
  throw new RollbackTooLate({
    object: `run "${runId}"`,
    problem: `was rolled back before, and ${now}`,
    remedy: other
      ? `Roll back run "${other.runId}" instead`
      : "Roll back the migration's newest run instead, if it can be",
  });
}

/** Stops the run's execution, if it is still going. */
export async function stopRun({ executions }: Pick<Ports, "executions">, claim: RollbackClaim): Promise<StepResult> {
  await executions.stop(claim.executionArn, { error: "RolledBack", cause: claim.reason.slice(0, 2_000) });
  return done("the execution does not run any more");
}

const DEPLOYMENT_POLL_SECONDS = 1;
/** For more than an hour of polling, within the events that an execution may have. */
const BUSY_POLL_SECONDS = 2;

/**
 * Puts all traffic on the old path. Where no flag was ever deployed, clients are on it already.
 *
 * It is polled until the old path is deployed and served. AppConfig may be busy, or be rolling a step back for the very
 * alarm that this is about, or an operator may deploy in between: none of it is a failure, since giving up here would
 * leave traffic on the new path.
 */
export async function returnTraffic(
  { flags }: Pick<Ports, "flags">,
  { migration }: Pick<RollbackClaim, "migration">,
): Promise<StepResult> {
  try {
    return await deployOldPath(flags, migration);
  } catch (error) {
    if (error instanceof ServiceUnavailable) return wait(BUSY_POLL_SECONDS, error.message);
    throw error;
  }
}

async function deployOldPath(flags: Ports["flags"], migration: string): Promise<StepResult> {
  if (!(await flags.deployed(migration))) return done("no flag was deployed: all traffic is on the old path");
  const deployment = await flags.deployNow(migration, OLD_PATH);
  const state = await flags.deployment(migration, deployment);
  if (state !== "complete") return wait(DEPLOYMENT_POLL_SECONDS, `deployment ${String(deployment)} is ${state}`);
  const current = await flags.current(migration);
  return current && sameFlagState(current, OLD_PATH)
    ? done("all traffic is on the old path")
    : wait(DEPLOYMENT_POLL_SECONDS, "another deployment came in between; deploying the old path again");
}

/** What a rollback did, as its execution's output. */
export interface RollbackReport extends RollbackClaim {
  /** False where the database did not answer, or knows no such run: the run registry and the flag are right all the same. */
  readonly ledgerWritten: boolean;
}

/**
 * Ends a rollback: releases the table locks, notifies operators, and writes the ledger where the database answers.
 *
 * None of the three waits for another. The database may be what is failing, and may take 65 s to not answer; the locks
 * and the message must not wait for it. What the ledger then lacks is not written later: the run registry has the phase
 * and the reason, and a new start uses the ledger's plan, steps and shards, none of which depends on this run's outcome.
 * Retrying for longer would delay the end of the rollback for one line of history.
 *
 * A call that is repeated, since releasing or notifying failed, releases and writes nothing twice; operators may be
 * notified twice.
 */
export async function recordRollback(
  ports: Pick<Ports, "registry" | "notifier" | "database">,
  claim: RollbackClaim,
): Promise<RollbackReport> {
  const [released, notified, written] = await Promise.allSettled([
    ports.registry.releaseTableLocks(claim.runId, "run"),
    ports.notifier.notify(message(claim)),
    writeLedger(ports, claim),
  ]);
  for (const outcome of [released, notified, written]) if (outcome.status === "rejected") throw outcome.reason;
  return { ...claim, ledgerWritten: written.status === "fulfilled" && written.value };
}

function message({ runId, migration, reason }: RollbackClaim): { readonly subject: string; readonly body: string } {
  return {
    subject: `Sluice: ${migration} was rolled back`,
    body:
      `Run ${runId} was rolled back: ${reason}\nAll traffic is on the old path. The expanded schema and its ` +
      `sync triggers stay, so starting the migration again continues where this run stopped; ` +
      `sluice undo ${runId} removes them instead.`,
  };
}

/**
 * One statement, so that it lasts no longer than one call of the Data API, which is less than the step has. The port is
 * read in here: a configuration that no longer has the database is no reason to keep the locks.
 */
async function writeLedger(
  ports: Pick<Ports, "database">,
  { runId, migration, reason }: RollbackClaim,
): Promise<boolean> {
  try {
    return await recordRolledBack(ports.database, { runId, migration, reason });
  } catch (error) {
    // Not reachable, or the run failed before it made the ledger. What matters is done: the traffic has returned.
    if (error instanceof SluiceError) return false;
    throw error;
  }
}
