import { readCatalog } from "../catalog/read-catalog.ts";
import type { Catalog } from "../catalog/catalog.ts";
import { PreflightRefused } from "../errors.ts";
import { ensureLedger } from "../ledger/schema.ts";
import { finishedRuns, openPlan, recordRun, type OpenPlan } from "../ledger/run.ts";
import { migratedTable } from "../migration/migrated-table.ts";
import { migrationHash } from "../migration/migration-hash.ts";
import type { Migration } from "../migration/schema.ts";
import { planMigration } from "../plan/plan-migration.ts";
import { REVERSIBLE } from "../plan/phases.ts";
import type { Plan } from "../plan/plan.ts";
import { refuseIfAny, runPreflight } from "../preflight/run-preflight.ts";
import type { RunRecord } from "../ports.ts";
import type { Ports, RunRef } from "./run.ts";

export interface RunRequest {
  readonly runId: string;
  readonly executionArn: string;
  readonly migration: Migration;
}

type BeginPorts = Pick<Ports, "database" | "control" | "flags" | "alarms" | "executions" | "plans" | "clock">;

/**
 * Begins a run: checks everything, freezes and stores the plan, takes the table. Nothing of the application's is
 * touched. A plan that an earlier run began is gone on with, if the migration has not changed since.
 *
 * @throws PreflightRefused with every refusal at once.
 */
export async function beginRun(ports: BeginPorts, request: RunRequest): Promise<RunRef> {
  const { migration } = request;
  const catalog = await readCatalog(ports.database, migratedTable(migration));
  const { open, generation } = await history(ports, catalog, migration);
  requireSameMigration(open, migration);
  // Inside contract the old shape may be half gone: there is nothing to check, only one way to go.
  if (open?.contractBegun !== true) await check(ports, request, { catalog, resuming: open !== undefined });
  const made = open ? await ports.plans.get(open.planHash) : planMigration(migration, catalog, generation);
  await ports.plans.put(made);
  const resumeAt = open?.contractBegun === true ? "contract" : "expand";
  await take(ports, record(ports, request, { plan: made, resumeAt }));
  const plan = await registeredPlan(ports, request, made);
  await ensureLedger(ports.database);
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
    resumeAt,
    backfill: fanOut(plan.backfill.workers),
    validation: fanOut(plan.validation.workers),
  };
}

/** What the ledger, where there is one, knows of earlier runs of the migration. */
async function history(
  { database }: Pick<Ports, "database">,
  catalog: Catalog,
  { migration }: Migration,
): Promise<{ readonly open?: OpenPlan | undefined; readonly generation: number }> {
  if (!catalog.ledger.exists) return { generation: 1 };
  return { open: await openPlan(database, migration), generation: 1 + (await finishedRuns(database, migration)) };
}

async function check(
  ports: BeginPorts,
  { migration, runId }: RunRequest,
  { catalog, resuming }: { readonly catalog: Catalog; readonly resuming: boolean },
): Promise<void> {
  const [flagExists, alarms] = await Promise.all([
    ports.flags.exists(migration.migration),
    ports.alarms.states(migration.gates.alarms),
  ]);
  refuseIfAny(runPreflight({ migration, catalog, resuming, flagExists, alarms, runId }), migration.migration);
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

function record(
  { clock }: Pick<Ports, "clock">,
  { runId, executionArn }: RunRequest,
  { plan, resumeAt }: { readonly plan: Plan; readonly resumeAt: RunRef["resumeAt"] },
): RunRecord {
  const now = clock.now().toISOString();
  return {
    runId,
    migration: plan.migration,
    planHash: plan.hash,
    executionArn,
    table: `${plan.database}/${plan.table.schema}.${plan.table.name}`,
    phase: resumeAt === "contract" ? "contract" : "preflight",
    startedAt: now,
    updatedAt: now,
  };
}

/**
 * Takes the table for the run. A holder whose execution is over without having let go died; its place is taken by
 * compare-and-set, unless a rollback of it may still be under way.
 */
async function take(ports: BeginPorts, run: RunRecord): Promise<void> {
  const holder = await ports.control.register(run);
  if (!holder) return;
  const alive = (await ports.executions.status(holder.executionArn)) === "RUNNING" || holder.phase === "rolled-back";
  const winner = alive ? holder : await succeed(ports, run, holder);
  if (!winner) return;
  throw new PreflightRefused({
    object: `table "${run.table}"`,
    problem: `belongs to run "${winner.runId}", which is in phase ${winner.phase}`,
    remedy:
      winner.phase === "rolled-back"
        ? "Its rollback is not over: wait for it, or start it again with sluice rollback"
        : "Wait for that run, or roll it back",
  });
}

/** A repeated call makes another plan where the table has grown since; the run keeps the one that it registered with. */
async function registeredPlan({ control, plans }: BeginPorts, { runId }: RunRequest, made: Plan): Promise<Plan> {
  const registered = await control.run(runId);
  return registered === undefined || registered.planHash === made.hash ? made : plans.get(registered.planHash);
}

/** First the dead run is closed, so that a call of its that is still under way finds itself superseded. */
async function succeed(
  { control, clock }: BeginPorts,
  run: RunRecord,
  dead: RunRecord,
): Promise<RunRecord | undefined> {
  await control.transition({
    runId: dead.runId,
    from: REVERSIBLE,
    to: "rolled-back",
    at: clock.now().toISOString(),
    reason: `its execution ended without a rollback; run ${run.runId} goes on with its plan`,
  });
  return control.takeOver(run, dead.runId);
}

function fanOut(workers: number): RunRef["backfill"] {
  return { workers: Array.from({ length: workers }, (_, worker) => worker), maxConcurrency: workers };
}
