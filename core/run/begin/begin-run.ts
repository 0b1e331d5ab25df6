import type { Catalog } from "../../catalog/catalog.ts";
import { recordRun } from "../../ledger/run.ts";
import { ensureLedger } from "../../ledger/schema.ts";
import type { Migration } from "../../migration/schema.ts";
import { planMigration } from "../../plan/plan-migration.ts";
import type { Plan } from "../../plan/plan.ts";
import type { RunRecord } from "../../ports.ts";
import { tableKeys } from "../../table-key.ts";
import type { Ports, RunRef } from "../run.ts";
import { describeResume } from "./describe-resume.ts";
import { lockTables } from "./lock-tables.ts";
import { phaseToResumeAt, readState } from "./read-state.ts";
import { requireUnchanged } from "./require-unchanged.ts";
import { resumedPlan } from "./resumed-plan.ts";

export interface RunRequest {
  readonly runId: string;
  readonly executionArn: string;
  readonly migration: Migration;
}

/**
 * Runs every preflight check; `resuming` where an earlier run has expanded the table.
 *
 * @throws PreflightRefused with every refusal at once.
 */
export type Preflight = (subject: {
  readonly runId: string;
  readonly migration: Migration;
  readonly catalog: Catalog;
  readonly resuming: boolean;
}) => Promise<void>;

type BeginPorts = Pick<Ports, "database" | "registry" | "executions" | "plans" | "clock">;

/**
 * Begins a run: checks everything, freezes and stores the plan, locks the tables. Nothing of the application's is
 * touched. A plan that an earlier run began is gone on with, if the migration has not changed since.
 *
 * @throws PreflightRefused; LedgerTooNew; PlanUnreadable.
 */
export async function beginRun(ports: BeginPorts, request: RunRequest, preflight: Preflight): Promise<RunRef> {
  const { migration, runId } = request;
  const state = await readState(ports, migration);
  const { catalog, open, generation } = state;
  const resumed = open && (await resumedPlan(ports, migration, open));
  const resumeAt = await phaseToResumeAt(ports, migration, open);
  // Inside contract the old shape may be half gone: there is nothing to check, and the run can only go on.
  if (resumeAt === "expand") await preflight({ runId, migration, catalog, resuming: open !== undefined });
  const made = resumed ?? planMigration(migration, catalog, generation);
  await ports.plans.put(made);
  await lockTables(ports, await recordOf(ports, request, { plan: made, resumeAt }));
  const plan = await registeredPlan(ports, runId, made);
  await ensureLedger(ports.database);
  await requireUnchanged(ports, { runId, migration, before: state, resumeAt });
  const { migrationHash, hash: planHash } = plan;
  await recordRun(ports.database, { runId, migration: plan.migration, migrationHash, planHash });
  const message = open
    ? await describeResume(ports.database, plan, runId)
    : "a new plan: no earlier run has left anything to go on with";
  return { ...refOf(plan), id: runId, message, resumeAt };
}

async function recordOf(
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

/** A repeated call makes another plan where the table has grown since; the run keeps the one that it registered with. */
async function registeredPlan({ registry, plans }: BeginPorts, runId: string, made: Plan): Promise<Plan> {
  const registered = await registry.run(runId);
  return registered === undefined || registered.planHash === made.hash ? made : plans.get(registered.planHash);
}

function refOf(plan: Plan): Omit<RunRef, "id" | "message" | "resumeAt"> {
  return {
    migration: plan.migration,
    database: plan.database,
    planHash: plan.hash,
    backfill: fanOut(plan.backfill.workers),
    validation: fanOut(plan.validation.workers),
  };
}

function fanOut(workers: number): RunRef["backfill"] {
  return { workers: Array.from({ length: workers }, (_, worker) => worker), maxConcurrency: workers };
}
