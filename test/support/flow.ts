import { readCatalog } from "../../core/catalog/read-catalog.ts";
import { ensureLedger } from "../../core/ledger/schema.ts";
import { recordRun } from "../../core/ledger/run.ts";
import { migrationSchema, type MigrationInput } from "../../core/migration/schema.ts";
import { migratedTable } from "../../core/operations/migration-operations.ts";
import type { Phase } from "../../core/plan/phases.ts";
import { planMigration } from "../../core/plan/plan-migration.ts";
import type { DdlStep } from "../../core/plan/plan.ts";
import type { Database } from "../../core/ports.ts";
import { applyNextStep } from "../../core/run/ddl/apply-steps.ts";
import { backfill } from "../../core/run/shards/backfill.ts";
import { claimContract } from "../../core/run/contract/claim-contract.ts";
import { contract } from "../../core/run/contract/contract.ts";
import { shardJob, type JobName, type ValidationJobName } from "../../core/run/shards/jobs.ts";
import { enterPhase, type Run } from "../../core/run/run.ts";
import { shards } from "../../core/run/shards/shards.ts";
import type { StepResult } from "../../core/run/step-result.ts";
import { validate } from "../../core/run/shards/validate.ts";
import { judgeValidation, readFindings, type Findings } from "../../core/run/shards/validation-result.ts";
import { FakeRunRegistry } from "./fakes.ts";

/**
 * A run on a real database, walked by a test as the state machine walks it: every step is called until it says that
 * it is done. RunRegistry is in memory; the deployed state machine has its own tests.
 */
export class Flow {
  readonly registry = new FakeRunRegistry();
  /** Time as it is, so that slices end; waits are short, so that tests do too. */
  readonly clock = { now: () => new Date(), sleep: (ms: number) => pause(Math.min(ms, 50)) };

  private constructor(
    readonly database: Database,
    readonly run: Run,
  ) {}

  static async begin(database: Database, input: MigrationInput, runId = "run-1"): Promise<Flow> {
    const migration = migrationSchema.parse(input);
    const plan = planMigration(migration, await readCatalog(database, migratedTable(migration)));
    await ensureLedger(database);
    const run: Run = {
      plan,
      ref: {
        id: runId,
        migration: plan.migration,
        database: plan.database,
        planHash: plan.hash,
        message: "a new plan",
        resumeAt: "expand",
        backfill: { workers: [0, 1], maxConcurrency: 2 },
        validation: { workers: [0, 1], maxConcurrency: 2 },
      },
    };
    const flow = new Flow(database, run);
    await flow.#register();
    return flow;
  }

  get ports(): { database: Database; registry: FakeRunRegistry; clock: Flow["clock"] } {
    return { database: this.database, registry: this.registry, clock: this.clock };
  }

  async expand(): Promise<void> {
    await enterPhase(this.ports, this.run, "expand");
    await this.apply(this.run.plan.expand);
  }

  async apply(steps: readonly DdlStep[]): Promise<StepResult[]> {
    return untilDone(() => applyNextStep(this.database, this.run, steps));
  }

  async backfill(workers = 2): Promise<void> {
    while ((await shards(this.ports, this.run, "backfill")).status !== "done") {
      await Promise.all(
        Array.from({ length: workers }, (_, worker) => untilDone(() => backfill(this.ports, this.run, worker))),
      );
    }
  }

  async validate(job: ValidationJobName = "validate-before-cutover"): Promise<Findings> {
    while ((await shards(this.ports, this.run, job)).status !== "done") {
      await untilDone(() => validate(this.ports, this.run, { worker: 0, job }));
    }
    await judgeValidation(this.ports, this.run, job);
    return readFindings(this.database, shardJob(this.run, job));
  }

  async enter(...phases: Exclude<Phase, "rolled-back" | "undoing" | "undone">[]): Promise<void> {
    for (const phase of phases) await enterPhase(this.ports, this.run, phase);
  }

  job(name: JobName): ReturnType<typeof shardJob> {
    return shardJob(this.run, name);
  }

  async #register(): Promise<void> {
    const { plan, ref } = this.run;
    const now = new Date().toISOString();
    await this.registry.acquireTableLocks({
      runId: ref.id,
      migration: plan.migration,
      planHash: plan.hash,
      executionArn: `arn:aws:states:us-east-1:000000000000:execution:migration:${ref.id}`,
      tables: [`${plan.database}/${plan.table.schema}.${plan.table.name}`],
      phase: "preflight",
      startedAt: now,
      updatedAt: now,
      alarms: plan.rollbackAlarms.alarms,
    });
    await recordRun(this.database, {
      runId: ref.id,
      migration: plan.migration,
      migrationHash: plan.migrationHash,
      planHash: plan.hash,
    });
  }
}

/** The claim, then one step of contract, as the state machine goes from the one to the other. */
export async function claimAndContract(ports: Parameters<typeof claimContract>[0], run: Run): Promise<StepResult> {
  const claimed = await claimContract(ports, run);
  return claimed.status === "done" ? contract(ports, run) : claimed;
}

/** Calls a step as the state machine does, with shorter waits; fails after too many calls rather than hanging. */
export async function untilDone(step: () => Promise<StepResult>): Promise<StepResult[]> {
  const results: StepResult[] = [];
  while (results.length < 10_000) {
    const result = await step();
    results.push(result);
    if (result.status === "done") return results;
    if (result.status === "wait") await pause(Math.min(result.waitSeconds * 1_000, 50));
  }
  throw new Error(`a step was not done after ${String(results.length)} calls: ${JSON.stringify(results.at(-1))}`);
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
