import { z } from "zod";
import { RunSuperseded } from "../errors.ts";
import type {
  Alarms,
  Approvals,
  Callers,
  Clock,
  RunRegistry,
  Database,
  Executions,
  Flags,
  Metrics,
  Notifier,
  PlanStore,
  RunRecord,
  Callbacks,
} from "../ports.ts";
import { enters, type Phase } from "../plan/phases.ts";
import type { Plan } from "../plan/plan.ts";
import { sql } from "../sql/statement.ts";

/** What the state machine carries from state to state. The plan itself stays in the store: payloads are small. */
export const runRefSchema = z.object({
  /** The execution's name. */
  id: z.string().min(1),
  migration: z.string().min(1),
  database: z.string().min(1),
  planHash: z.string().regex(/^[0-9a-f]{64}$/),
  /** What it builds on, for people: a new plan, or what an earlier run has done. */
  message: z.string(),
  /** `contract` where an earlier run of the plan stopped inside contract. */
  resumeAt: z.enum(["expand", "contract"]),
  backfill: z.object({ workers: z.array(z.int()), maxConcurrency: z.int().min(1) }),
  validation: z.object({ workers: z.array(z.int()), maxConcurrency: z.int().min(1) }),
});

export type RunRef = z.infer<typeof runRefSchema>;

/** Every port that a step may need; a step names those that it does need. */
export interface Ports {
  readonly database: Database;
  readonly registry: RunRegistry;
  readonly flags: Flags;
  readonly alarms: Alarms;
  readonly metrics: Metrics;
  readonly approvals: Approvals;
  readonly callbacks: Callbacks;
  readonly callers: Callers;
  readonly executions: Executions;
  readonly plans: PlanStore;
  readonly notifier: Notifier;
  readonly clock: Clock;
}

/** A run with its plan: what every step after pre-flight works on. */
export interface Run {
  readonly ref: RunRef;
  readonly plan: Plan;
}

/** A plan, and the run that its steps are recorded for. */
export interface Applier {
  readonly ref: Pick<RunRef, "id">;
  readonly plan: Plan;
}

/**
 * Enters a phase by compare-and-set in the run registry, and notes the time in the ledger. Entering it again changes nothing.
 *
 * @throws RunSuperseded where the run was rolled back meanwhile.
 */
export async function enterPhase(
  { registry, database, clock }: Pick<Ports, "registry" | "database" | "clock">,
  run: Run,
  phase: Exclude<Phase, "rolled-back" | "undoing" | "undone">,
): Promise<RunRecord> {
  const record = await registry.transition({
    runId: run.ref.id,
    from: enters(phase),
    to: phase,
    at: clock.now().toISOString(),
  });
  if (record.phase !== phase) throw superseded(record, phase);
  await notePhase(database, run, phase);
  return record;
}

/** Notes in the ledger that the run registry has the run in the phase; the time of the first call stays. */
export async function notePhase(database: Database, run: Run, phase: Phase): Promise<void> {
  await database.execute(sql`
    INSERT INTO sluice.phase (run_id, phase) VALUES (${run.ref.id}, ${phase}) ON CONFLICT DO NOTHING`);
}

/**
 * @returns the run as the run registry has it.
 * @throws RunSuperseded where the run is not in one of the phases any more.
 */
export async function requirePhase(registry: RunRegistry, run: Run, phases: readonly Phase[]): Promise<RunRecord> {
  const record = await registry.run(run.ref.id);
  if (!record || !phases.includes(record.phase)) throw superseded(record, phases.join(" or "));
  return record;
}

/** Seconds since the run entered the phase, by the database's clock. */
export async function secondsInPhase(database: Database, run: Run, phase: Phase): Promise<number> {
  const [row] = await database.execute(sql`
    SELECT CAST(extract(epoch FROM clock_timestamp() - entered_at) AS double precision) AS seconds
    FROM sluice.phase WHERE run_id = ${run.ref.id} AND phase = ${phase}`);
  return Number(row?.["seconds"] ?? 0);
}

/** For a run that is not where the caller needs it. */
export function superseded(record: RunRecord | undefined, wanted: string): RunSuperseded {
  return new RunSuperseded({
    object: `run "${record?.runId ?? "unknown"}"`,
    problem: record ? `is in phase ${record.phase} and cannot go on in ${wanted}` : "is not in the run registry",
    remedy:
      record?.phase === "rolled-back"
        ? `It was rolled back (${record.reason ?? "no reason given"}); start a new run`
        : "Look at it with sluice status",
  });
}
