import { readCatalog } from "../catalog/read-catalog.ts";
import type { Catalog } from "../catalog/catalog.ts";
import { PreflightRefused } from "../errors.ts";
import { ensureLedger, ledgerExists } from "../ledger/schema.ts";
import { finishedRuns, openPlan, recordRun, type OpenPlan } from "../ledger/run.ts";
import { appliedSteps } from "../ledger/step.ts";
import { migrationHash } from "../migration/migration-hash.ts";
import type { Migration } from "../migration/schema.ts";
import { canonicalJson } from "../plan/canonical.ts";
import { planMigration } from "../plan/plan-migration.ts";
import { REVERSIBLE } from "../plan/phases.ts";
import type { Plan } from "../plan/plan.ts";
import { gatherPreflight } from "../preflight/gather.ts";
import { refuseIfAny, runPreflight } from "../preflight/run-preflight.ts";
import type { RunRecord } from "../ports.ts";
import { tableKeys, tablesObject, tablesOf } from "../table-key.ts";
import { describeResume } from "./describe-resume.ts";
import type { Ports, RunRef } from "./run.ts";

export interface RunRequest {
  readonly runId: string;
  readonly executionArn: string;
  readonly migration: Migration;
}

type BeginPorts = Pick<
  Ports,
  "database" | "registry" | "flags" | "alarms" | "metrics" | "executions" | "plans" | "clock"
>;

/**
 * Begins a run: checks everything, freezes and stores the plan, takes the table. Nothing of the application's is
 * touched. A plan that an earlier run began is gone on with, if the migration has not changed since.
 *
 * @throws PreflightRefused with every refusal at once.
 */
export async function beginRun(ports: BeginPorts, request: RunRequest): Promise<RunRef> {
  const { migration } = request;
  const found = await look(ports, migration);
  const { catalog, open, generation } = found;
  requireSameMigration(open, migration);
  const stored = open && (await storedPlan(ports, open));
  // Inside contract the old shape may be half gone: there is nothing to check, only one way to go.
  const resumeAt = (await isInContract(ports, migration, open)) ? "contract" : "expand";
  if (resumeAt === "expand") await check(ports, request, { catalog, resuming: open !== undefined });
  const made = stored ?? planMigration(migration, catalog, generation);
  await ports.plans.put(made);
  await lockTables(ports, await record(ports, request, { plan: made, resumeAt }));
  const plan = await registeredPlan(ports, request, made);
  await ensureLedger(ports.database);
  await requireUnchanged(ports, request, { found, resumeAt });
  const { runId } = request;
  await recordRun(ports.database, {
    runId,
    migration: plan.migration,
    migrationHash: plan.migrationHash,
    planHash: plan.hash,
  });
  return {
    id: runId,
    migration: plan.migration,
    database: plan.database,
    planHash: plan.hash,
    message: open
      ? await describeResume(ports.database, plan, runId)
      : "a new plan: no earlier run has left anything to go on with",
    resumeAt,
    backfill: fanOut(plan.backfill.workers),
    validation: fanOut(plan.validation.workers),
  };
}

/** What a run builds on: the table, and what the ledger, where there is one, knows of earlier runs. */
interface Found {
  readonly catalog: Catalog;
  readonly open?: OpenPlan | undefined;
  readonly generation: number;
}

async function look({ database }: Pick<Ports, "database">, migration: Migration): Promise<Found> {
  const [table] = tablesOf(migration);
  const catalog = await readCatalog(database, table);
  // The schema may have been made for us, with nothing in it yet; one that we may not use is what a check refuses.
  if (!catalog.ledger.usable || !(await ledgerExists(database))) return { catalog, generation: 1 };
  await ensureLedger(database);
  const open = await openPlan(database, migration.migration);
  return { catalog, open, generation: 1 + (await finishedRuns(database, migration.migration)) };
}

/**
 * Whether contract has claimed the open plan. RunRegistry knows first: a run may have died between its claim and the
 * ledger, and a call of its that is still under way will drop the old shape.
 */
async function isInContract(
  { registry }: Pick<Ports, "registry">,
  migration: Migration,
  open: OpenPlan | undefined,
): Promise<boolean> {
  if (!open || open.contractBegun) return open !== undefined;
  const holders = await registry.lockHolders(tableKeys(migration));
  return [...holders.values()].some(({ phase, planHash }) => phase === "contract" && planHash === open.planHash);
}

/**
 * The look was before the table was ours: another run may have gone on, or come to its end, since. Gone on with, this
 * run would fail, and its rollback would send traffic to a shape that the other one has dropped.
 */
async function requireUnchanged(
  ports: BeginPorts,
  { migration, runId }: RunRequest,
  { found, resumeAt }: { readonly found: Found; readonly resumeAt: RunRef["resumeAt"] },
): Promise<void> {
  const now = await look(ports, migration);
  const same = canonicalJson(fingerprint(found, resumeAt)) === canonicalJson(fingerprint(now, resumeAt));
  if (same) return;
  if (!canRollBack(now, resumeAt)) await giveUp(ports, runId);
  throw new PreflightRefused({
    object: tablesObject(tableKeys(migration)),
    problem: "changed during preflight, by another run or by DDL from elsewhere",
    remedy: "Start the migration again under another name; nothing was touched",
  });
}

/**
 * Whether the shape that a rollback returns traffic to is there. The run then keeps the table: it may have taken it
 * from one that died with traffic on the new path, and is now what an alarm, a rollback or the next start finds.
 */
function canRollBack({ open }: Found, resumeAt: RunRef["resumeAt"]): boolean {
  return open !== undefined && (resumeAt === "contract" || !open.contractBegun);
}

async function giveUp({ registry, clock }: Pick<Ports, "registry" | "clock">, runId: string): Promise<void> {
  const reason = "the table was changed while it was being checked";
  await registry.transition({ runId, from: ["preflight"], to: "rolled-back", at: clock.now().toISOString(), reason });
  await registry.releaseTableLocks(runId, "run");
}

/** Without what changes by itself: sizes, and inside contract the columns. */
function fingerprint({ catalog: { table }, open, generation }: Found, resumeAt: RunRef["resumeAt"]): object {
  if (resumeAt === "contract") return { open, generation };
  const { columns, indexes, constraints, triggers } = table ?? {};
  return { open, generation, columns, indexes, constraints, triggers };
}

async function check(
  ports: BeginPorts,
  { migration, runId }: RunRequest,
  { catalog, resuming }: { readonly catalog: Catalog; readonly resuming: boolean },
): Promise<void> {
  const context = await gatherPreflight(ports, { migration, catalog, resuming, runId });
  refuseIfAny(runPreflight(context), migration.migration);
}

/** The expanded schema in the database is that of the file as it was then. */
function requireSameMigration(open: OpenPlan | undefined, migration: Migration): void {
  if (!open || open.migrationHash === migrationHash(migration)) return;
  throw new PreflightRefused({
    object: `migration "${migration.migration}"`,
    problem: `has changed since run "${open.runId}" expanded the table by it`,
    remedy: "Deploy the file as it was then to go on, or undo that run first",
  });
}

/**
 * The plan that is gone on with. An undo that has taken the expanded schema away, and died before it said so, has left
 * it open; but the table has nothing more of what the ledger's steps made.
 */
async function storedPlan({ plans, database }: BeginPorts, open: OpenPlan): Promise<Plan> {
  const plan = await plans.get(open.planHash);
  const applied = await appliedSteps(database, plan.hash);
  if (!plan.undo.some(({ id }) => applied.has(id))) return plan;
  throw new PreflightRefused({
    object: `migration "${plan.migration}"`,
    problem: `is being undone: the plan of run "${open.runId}" has steps of its undo applied`,
    remedy: "Start the undo again (sluice undo), which ends it, then start the migration",
  });
}

async function record(
  { clock, registry }: Pick<Ports, "clock" | "registry">,
  { runId, executionArn, migration }: RunRequest,
  { plan, resumeAt }: { readonly plan: Plan; readonly resumeAt: RunRef["resumeAt"] },
): Promise<RunRecord> {
  const now = clock.now().toISOString();
  const startedBy = await registry.initiator(runId);
  return {
    runId,
    migration: plan.migration,
    planHash: plan.hash,
    executionArn,
    tables: tableKeys(migration),
    phase: resumeAt === "contract" ? "contract" : "preflight",
    startedAt: now,
    updatedAt: now,
    alarms: plan.rollbackAlarms.alarms,
    ...(startedBy !== undefined && { startedBy }),
  };
}

/**
 * Locks the run's tables. A holder whose execution is over without having released them died; its locks are taken over,
 * unless a rollback or an undo of it may still be under way.
 */
async function lockTables(ports: BeginPorts, run: RunRecord): Promise<void> {
  const holder = (await ports.registry.acquireTableLocks(run)) && (await takeOverDeadRuns(ports, run));
  if (!holder) return;
  throw new PreflightRefused({
    object: tablesObject(run.tables.filter((table) => holder.tables.includes(table))),
    problem: `locked by run "${holder.runId}", which is in phase ${holder.phase}`,
    remedy: remedyFor(holder.phase),
  });
}

/** A rollback or an undo may be at work: each gives the table free when it is over. */
function isClosing({ phase }: RunRecord): boolean {
  return phase === "rolled-back" || phase === "undoing";
}

function remedyFor(phase: RunRecord["phase"]): string {
  if (phase === "rolled-back") return "Its rollback is not over: wait for it, or start it again with sluice rollback";
  if (phase === "undoing") return "Its undo is not over: wait for it, or start it again with sluice undo";
  if (phase === "contract") return "Wait for that run; where it has failed, start its migration again, which goes on";
  return "Wait for that run, or roll it back";
}

/** A repeated call makes another plan where the table has grown since; the run keeps the one that it registered with. */
async function registeredPlan({ registry, plans }: BeginPorts, { runId }: RunRequest, made: Plan): Promise<Plan> {
  const registered = await registry.run(runId);
  return registered === undefined || registered.planHash === made.hash ? made : plans.get(registered.planHash);
}

/**
 * Takes over the locks of every dead run that has some of this run's tables. None is closed before all are known to be
 * dead.
 *
 * @returns undefined where the tables are now `run`'s, or else the run that keeps one of them.
 */
async function takeOverDeadRuns(ports: BeginPorts, run: RunRecord): Promise<RunRecord | undefined> {
  const { registry, executions } = ports;
  const locks = await registry.lockHolders(run.tables);
  const holders = [...new Map([...locks.values()].map((holder) => [holder.runId, holder])).values()];
  for (const holder of holders) {
    if (isClosing(holder) || (await executions.status(holder.executionArn)) === "RUNNING") return holder;
  }
  for (const holder of holders) {
    const keeper = await closeDeadRun(ports, run, holder);
    if (keeper) return keeper;
  }
  return registry.acquireTableLocks(
    run,
    holders.map(({ runId }) => runId),
  );
}

/**
 * Closes a dead run, so that a call of its that is still under way finds itself superseded. One that contract has claimed
 * cannot be: only a run that goes on with the contract of its plan may follow it.
 *
 * @returns undefined where its locks may be taken over, or else the run as it is.
 */
async function closeDeadRun(
  { registry, clock }: BeginPorts,
  run: RunRecord,
  dead: RunRecord,
): Promise<RunRecord | undefined> {
  const reason = `its execution ended without a rollback; run ${run.runId} goes on with its plan`;
  const at = clock.now().toISOString();
  const closed = await registry.transition({ runId: dead.runId, from: REVERSIBLE, to: "rolled-back", at, reason });
  const sameContract = run.phase === "contract" && closed.planHash === run.planHash;
  if (closed.phase === "contract" && !sameContract) return closed;
  // A rollback was faster: it is at work on the flag, and ends by releasing the locks.
  return isClosing(closed) && closed.reason !== reason ? closed : undefined;
}

function fanOut(workers: number): RunRef["backfill"] {
  return { workers: Array.from({ length: workers }, (_, worker) => worker), maxConcurrency: workers };
}
