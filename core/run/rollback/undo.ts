import { z } from "zod";
import { UndoRefused } from "../../errors.ts";
import { OLD_PATH, sameFlagState } from "../../flag.ts";
import { recordEvent } from "../../ledger/event.ts";
import { openPlan, recordOutcome, runOutcome } from "../../ledger/run.ts";
import { ensureLedger, ledgerExists } from "../../ledger/schema.ts";
import type { Database, RunRecord } from "../../ports.ts";
import { sql } from "../../sql/statement.ts";
import { applyNextStep } from "../ddl/apply-steps.ts";
import { requireRun } from "../require-run.ts";
import { requireNoNewDependents } from "../ddl/late-dependents.ts";
import { databaseOf, tablesObject } from "../../table-key.ts";
import type { Ports } from "../run.ts";
import { done, wait, type StepResult } from "../step-result.ts";

/** What starts an undo, by hand or with `sluice undo`. */
export const undoRequestSchema = z.object({
  run: z.string().min(1).describe("The execution's name"),
  reason: z.string().optional(),
  by: z.string().optional().describe("Who asked for it, where known"),
});
export type UndoRequest = z.infer<typeof undoRequestSchema>;

/** A rolled-back run whose expanded schema is being removed: what the state machine passes from state to state. */
export const undoClaimSchema = z.object({
  runId: z.string(),
  migration: z.string(),
  planHash: z.string(),
  /** As `cdk.json` names it. */
  database: z.string(),
  /** `database/schema.table` of each table: the undo has them locked. */
  tables: z.array(z.string()).min(1),
  reason: z.string(),
});
export type UndoClaim = z.infer<typeof undoClaimSchema>;

/** What an undo did, as its execution's output. */
export interface UndoReport extends UndoClaim {
  /** ISO 8601, UTC. */
  readonly undoneAt: string;
}

/**
 * The database of the run that is to be undone.
 *
 * @throws NotFound
 */
export async function databaseToUndo({ registry }: Pick<Ports, "registry">, { run }: UndoRequest): Promise<string> {
  return databaseOf(await requireRun(registry, run));
}

/**
 * Locks the tables of a run for its undo. Everything is checked before, and once more under the locks, which keep every
 * other run off the tables until the undo is over. A claim that is repeated continues the undo that it began.
 *
 * The phase is changed first: from `undoing` on a rollback is refused, whose end would release the locks while the undo
 * is at work. A run that is rolled back and still has its tables locked is one whose rollback is not over.
 *
 * @throws NotFound; UndoRefused where the run is not rolled back, its plan is not the open one, another run has one of
 * its tables locked, or traffic may still use the new shape. The tables are then as they were.
 */
export async function claimUndo(
  ports: Pick<Ports, "registry" | "database" | "flags" | "clock">,
  request: UndoRequest,
): Promise<UndoClaim> {
  const { registry, database } = ports;
  const run = await requireRun(registry, request.run);
  requireRolledBack(run);
  const holders = [...(await registry.lockHolders(run.tables)).values()];
  const other = holders.find(({ runId }) => runId !== run.runId);
  if (other) throw lockedBy(run, other);
  await requireExpanded(database, run);
  const locked = holders.length > 0;
  if (locked && run.phase === "rolled-back") throw rollbackNotOver(run);
  if (!locked && run.phase === "undone") throw undoneAlready(run);
  await requireUndoable(ports, run);
  const reason = reasonOf(request);
  await recordEvent(database, { ...undoEvent(run), detail: { state: "begun", reason } });
  await enterUndoing(ports, run);
  try {
    const faster = await registry.acquireUndoLocks(run.runId);
    if (faster) throw lockedBy(run, faster);
    await requireUndoable(ports, run);
  } catch (error) {
    if (error instanceof UndoRefused && run.phase === "rolled-back") await leaveUndoing(ports, run);
    throw error;
  }
  const { runId, migration, planHash, tables } = run;
  return { runId, migration, planHash, database: databaseOf(run), tables: [...tables], reason };
}

/**
 * Removes the expanded schema, one step a call, as expand made it: under lock_timeout, tried again where the lock was
 * not acquired. The flag and the table locks are checked before each step.
 *
 * @throws UndoRefused where a flag was deployed since, the undo has not locked the tables any more, or something that
 * the plan did not make depends on the new column; LockNotAcquired; StatementFailed.
 */
export async function undo(
  ports: Pick<Ports, "registry" | "database" | "flags" | "plans">,
  claim: UndoClaim,
): Promise<StepResult> {
  const { registry, database, flags, plans } = ports;
  await requireUndoLocks(registry, claim);
  const plan = await plans.get(claim.planHash);
  if ((await runOutcome(database, claim.runId)) === "undone") return done("the ledger has it as undone already");
  await requireOldPath(flags, claim);
  const left = await secondsUntilUnused(ports, claim);
  if (left > 0) {
    const why = "until no request that began on the new path is under way any more";
    return wait(left, `waits for ${String(Math.ceil(left))} s, ${why}`);
  }
  await requireNoNewDependents(database, plan);
  return applyNextStep(database, { ref: { id: claim.runId }, plan }, plan.undo);
}

/** Ends an undo: ledger, registry, table locks, notification. The next start of the migration makes a new plan. */
export async function recordUndo(
  { registry, database, notifier, clock }: Pick<Ports, "registry" | "database" | "notifier" | "clock">,
  claim: UndoClaim,
): Promise<UndoReport> {
  // First the ledger, while the tables are locked: the next run that locks them must find the plan closed.
  await database.transaction(async (session) => {
    if (!(await recordOutcome(session, claim.runId, "undone"))) return;
    await recordEvent(session, { ...undoEvent(claim), detail: { state: "done", reason: claim.reason } });
  });
  const undoneAt = clock.now().toISOString();
  const { runId } = claim;
  const { updatedAt } = await registry.transition({ runId, from: ["undoing"], to: "undone", at: undoneAt });
  await registry.releaseTableLocks(runId, "undo");
  await notifier.notify({
    subject: `Sluice: ${claim.migration} was undone`,
    body:
      `Run ${runId} was undone: ${claim.reason}\nThe new column, its indexes and the sync triggers are gone; the ` +
      `schema of ${tablesObject(claim.tables)} is as it was before. Starting the migration again makes a new plan.`,
  });
  return { ...claim, undoneAt: updatedAt };
}

/**
 * Seconds for which the old path must have been in effect before the new shape may be removed: longer than a client waits
 * before it reads the flag again (45 s by default, in AWS's Lambda extension) and its longest request together.
 */
const UNUSED_AFTER_SECONDS = 120;

/**
 * Counted from the claim, which found the old path in effect. The rollback's own time is not enough: a flag may have been
 * deployed, and reverted, since.
 */
async function secondsUntilUnused(
  { database, flags }: Pick<Ports, "database" | "flags">,
  claim: UndoClaim,
): Promise<number> {
  if (!(await flags.deployed(claim.migration))) return 0;
  const { runId, kind } = undoEvent(claim);
  const [row] = await database.execute(sql`
    SELECT CAST(extract(epoch FROM clock_timestamp() - max(at)) AS double precision) AS seconds
    FROM sluice.event WHERE run_id = ${runId} AND kind = ${kind}`);
  return UNUSED_AFTER_SECONDS - Number(row?.["seconds"] ?? 0);
}

type ClaimPorts = Pick<Ports, "registry" | "clock">;

async function enterUndoing({ registry, clock }: ClaimPorts, { runId }: RunRecord): Promise<void> {
  const at = clock.now().toISOString();
  requireRolledBack(await registry.transition({ runId, from: ["rolled-back"], to: "undoing", at }));
}

/** As it was before this claim: the locks first, since a run in phase rolled-back may be rolled back again. */
async function leaveUndoing({ registry, clock }: ClaimPorts, { runId }: RunRecord): Promise<void> {
  await registry.releaseTableLocks(runId, "undo");
  await registry.transition({ runId, from: ["undoing"], to: "rolled-back", at: clock.now().toISOString() });
}

async function requireUndoable(ports: Pick<Ports, "database" | "flags">, run: RunRecord): Promise<void> {
  // The schema is removed already; what died is the end of the undo, which can always be repeated.
  if ((await runOutcome(ports.database, run.runId)) === "undone") return;
  await requireOpenPlan(ports.database, run);
  await requireOldPath(ports.flags, run);
}

async function requireOpenPlan(database: Database, run: RunRecord): Promise<void> {
  const open = await openPlan(database, run.migration);
  if (open?.planHash !== run.planHash) {
    throw refusal(
      run,
      open
        ? `has a plan that is over; what the table has now is of the plan of run "${open.runId}"`
        : "has expanded nothing, or what it expanded was removed already",
      open ? `Undo run "${open.runId}" instead` : "There is nothing to do",
    );
  }
  if (!open.contractBegun) return;
  throw refusal(
    run,
    "has a plan whose contract has begun: the old shape is being removed, and the new one is all that there is",
    "Start the migration again, which continues contract",
  );
}

/** @throws UndoRefused unless the old path is in effect, and no other deployment is under way. */
async function requireOldPath(flags: Ports["flags"], run: Pick<RunRecord, "runId" | "migration">): Promise<void> {
  const { migration } = run;
  if (await flags.inFlight(migration)) {
    throw refusal(
      run,
      `cannot be undone while flag "${migration}" is being deployed, since some clients have its new state already`,
      "Nothing was dropped. Find out who deploys it; undo again when the old path is in effect",
    );
  }
  if (!(await flags.deployed(migration))) return;
  const current = await flags.current(migration);
  if (current && sameFlagState(current, OLD_PATH)) return;
  throw refusal(
    run,
    `cannot be undone: flag "${migration}" does not send all traffic to the old path: ${JSON.stringify(current)}`,
    `Nothing was dropped. Switch flag "${migration}" off in the AppConfig console, which returns all traffic; then undo again`,
  );
}

async function requireUndoLocks(registry: Ports["registry"], claim: UndoClaim): Promise<void> {
  const holders = await registry.lockHolders(claim.tables);
  const isOwn = (holder: RunRecord | undefined): boolean =>
    holder?.runId === claim.runId && ["undoing", "undone"].includes(holder.phase);
  const missing = claim.tables.filter((table) => !isOwn(holders.get(table)));
  if (missing.length === 0) return;
  const other = [...holders.values()].find(({ runId }) => runId !== claim.runId);
  throw refusal(
    claim,
    `has not locked ${tablesObject(missing)}${other ? `: run "${other.runId}" has` : ""}`,
    other ? `Wait for run "${other.runId}", or roll it back, then undo again` : "Undo it again, which locks the tables",
  );
}

async function requireExpanded(database: Database, run: RunRecord): Promise<void> {
  if (await ledgerExists(database)) return ensureLedger(database);
  throw refusal(run, "has expanded nothing: its database has no ledger", "There is nothing to do");
}

function undoEvent({ runId, migration }: Pick<RunRecord, "runId" | "migration">): {
  readonly runId: string;
  readonly kind: "undo";
  readonly subject: string;
} {
  return { runId, kind: "undo", subject: migration };
}

function requireRolledBack(run: RunRecord): void {
  switch (run.phase) {
    case "rolled-back":
    case "undoing":
    case "undone":
      return;
    case "contract":
    case "done":
      throw refusal(
        run,
        `is in phase ${run.phase}: the old shape is being removed or gone, and the new one is all that there is`,
        "Bring the old shape back with a new migration",
      );
    default:
      throw refusal(run, `is in phase ${run.phase}, so traffic or a step may use the new shape`, rollBackFirst(run));
  }
}

function rollBackFirst({ runId }: Pick<RunRecord, "runId">): string {
  return `Roll it back first: sluice rollback ${runId}`;
}

function rollbackNotOver(run: RunRecord): UndoRefused {
  return refusal(
    run,
    "was rolled back, but its rollback is not over",
    `Wait for it, or start it again (sluice rollback ${run.runId}), then undo`,
  );
}

function undoneAlready(run: RunRecord): UndoRefused {
  return refusal(run, `was undone already, at ${run.updatedAt}`, "There is nothing to do");
}

function lockedBy(run: RunRecord, holder: RunRecord): UndoRefused {
  const tables = tablesObject(run.tables.filter((table) => holder.tables.includes(table)));
  return refusal(
    run,
    `cannot be undone: run "${holder.runId}", which is in phase ${holder.phase}, has locked ${tables}`,
    holder.phase === "rolled-back" || holder.phase === "undoing"
      ? `Wait until the rollback or the undo of run "${holder.runId}" is over`
      : `Wait for run "${holder.runId}", or roll that one back, then undo it`,
  );
}

function refusal({ runId }: Pick<RunRecord, "runId">, problem: string, remedy: string): UndoRefused {
  return new UndoRefused({ object: `run "${runId}"`, problem, remedy });
}

function reasonOf({ reason, by }: UndoRequest): string {
  const said = reason === undefined || reason === "" ? "asked for by an operator" : reason;
  return (by === undefined ? said : `${said} (${by})`).slice(0, 2_000);
}
