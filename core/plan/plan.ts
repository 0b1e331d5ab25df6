/**
 * The plan: plain data, frozen, named by the SHA-256 of its canonical JSON. A run executes its plan and nothing else.
 */
import type { FlagState } from "../flag.ts";
import type { GateName } from "../migration/schema.ts";

/** PostgreSQL's table-level lock modes (https://www.postgresql.org/docs/17/explicit-locking.html). */
export type LockMode =
  | "ACCESS SHARE"
  | "ROW SHARE"
  | "ROW EXCLUSIVE"
  | "SHARE UPDATE EXCLUSIVE"
  | "SHARE ROW EXCLUSIVE"
  | "ACCESS EXCLUSIVE"
  | "none";

/** One step of DDL: all of its statements take effect together, with their ledger row, or none does. */
export interface DdlStep {
  /** Unique in the plan, stable across plans of one migration; the ledger knows the step by it. */
  readonly id: string;
  /** What it does, for a person: the console, the plan's print, the ledger. */
  readonly title: string;
  /** In order, in one transaction; a `concurrent` step has exactly one, outside any transaction. */
  readonly statements: readonly string[];
  readonly mode: "transaction" | "concurrent";
  /** The strongest lock on the table that the step takes. */
  readonly lock: LockMode;
  /** Whom the lock holds up while it is held. */
  readonly blocks: "nobody" | "writers" | "readers and writers";
  /** The longest wait for the lock; the statement is then retried after a pause. 0: no limit (concurrent). */
  readonly lockTimeoutMs: number;
  /** The longest that the step may run and so hold the lock. 0: no limit (concurrent). */
  readonly statementTimeoutMs: number;
  /** What must hold, under a lock of its own, before its statements; absent where nothing has to. */
  readonly requires?: Precondition;
  /** A `concurrent` step's index, so that an invalid leftover is found and dropped. */
  readonly index?: { readonly schema: string; readonly name: string };
}

/** A condition of a step, asked in its transaction: where it does not hold, nothing of the step takes effect. */
export interface Precondition {
  /** Takes a lock under which what the query finds stays so until the step has taken effect. */
  readonly lock: string;
  /** Has a row, with a text `problem`, for each thing that is not as it must be. */
  readonly query: string;
}

/** The table as it was when the plan was made. */
export interface PlannedTable {
  readonly schema: string;
  readonly name: string;
  readonly kind: "table" | "partitioned table";
  /** Estimates from `pg_class`, of the whole table with its partitions. */
  readonly rows: number;
  readonly bytes: number;
  readonly blocks: number;
}

export interface BackfillPlan {
  /** Parallel workers: items of the Map, and its MaxConcurrency. */
  readonly workers: number;
  /** Blocks of 8 KiB that a shard covers. */
  readonly shardBlocks: number;
  /** Blocks in a worker's first batch; later ones follow `batchTargetMs`. */
  readonly initialBatchBlocks: number;
  readonly batchTargetMs: number;
  /** How long a worker goes on in one Lambda invocation. */
  readonly sliceSeconds: number;
  /** How long a shard stays with a worker that says nothing. */
  readonly leaseSeconds: number;
  /** The longest that a batch waits for one row's lock. */
  readonly lockTimeoutMs: number;
  /**
   * One batch; empty where no column is kept in sync. `{relation}` stands for the table, or the leaf partition, that the shard lies in. Parameters: see
   * `ledger/batch.ts`.
   */
  readonly update: string;
}

export interface ValidationPlan {
  readonly workers: number;
  readonly shardBlocks: number;
  readonly sliceSeconds: number;
  readonly leaseSeconds: number;
  readonly lockTimeoutMs: number;
  /** Columns whose combinations are counted one by one. */
  readonly segments: readonly string[];
  /** The largest share of rows that may differ, 0 to 1. */
  readonly maxDivergence: number;
  /**
   * One scan of a shard, `{relation}` as above; empty where no column is kept in sync. It records one row a segment in `sluice.check`.
   */
  readonly scan: string;
  /** Whether any row of `{relation}` differs, as `differs`: for a relation that came after the proof. */
  readonly differs: string;
}

/** What watches over the whole run, and how its gates, soak and cooling wait. */
export interface RollbackAlarmsPlan {
  /** Every alarm that the migration names: one that fires between expand and contract returns all traffic. */
  readonly alarms: readonly string[];
  /** How long soak and cooling may hold for an alarm that is not OK before they fail. */
  readonly timeoutSeconds: number;
  /** Between two looks. */
  readonly pollSeconds: number;
}

/** A metric of CloudWatch, and the statistic of each period: `Average`, `p99`. */
export interface MetricPlan {
  readonly id: string;
  readonly namespace: string;
  readonly metric: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly statistic: string;
}

/** Metric math, or one metric's id, held to a threshold in every period of the last `overSeconds`. */
export interface MetricCondition {
  readonly name: string;
  readonly metrics: readonly MetricPlan[];
  readonly expression: string;
  readonly periodSeconds: number;
  readonly overSeconds: number;
  readonly bound: "at most" | "at least";
  readonly threshold: number;
}

/** What must hold for the run to pass one gate. An empty one asks for the rollback alarms alone. */
export interface GatePlan {
  readonly name: GateName;
  /** Each must be OK, and have been so for `okForSeconds`; the rollback come with 0. */
  readonly alarms: readonly { readonly name: string; readonly okForSeconds: number }[];
  readonly metrics: readonly MetricCondition[];
  /** Boolean SQL expressions over the migrated database. */
  readonly sql: readonly { readonly name: string; readonly holds: string }[];
  /** Largest share of rows that may differ in the run's last proof, 0 to 1. */
  readonly divergence?: { readonly atMost: number };
  readonly approval?: { readonly withinSeconds: number; readonly selfApproval: boolean };
  /** How long everything above, but for the approval, must hold without a break. */
  readonly holdSeconds: number;
  /** How long the gate may wait for it. */
  readonly timeoutSeconds: number;
  readonly pollSeconds: number;
  readonly onFail: "rollback" | "pause";
}

/** One widening of the flag. */
export interface CutoverStep {
  readonly id: string;
  readonly title: string;
  readonly flag: FlagState;
  /** The time that this step runs under observation before the gate is asked again. */
  readonly soakSeconds: number;
}

export interface PlanEstimates {
  readonly shards: number;
  readonly backfillSeconds: number;
  readonly walBytes: number;
  /** Heap growth: each updated row leaves its old version for vacuum. */
  readonly extraBytes: number;
}

/** Raised where a plan of before cannot be carried out any more. */
export const PLAN_FORMAT = 3;

export interface Plan {
  readonly format: typeof PLAN_FORMAT;
  readonly migration: string;
  /** SHA-256 of the migration as parsed, so that a changed file is told from a changed catalog. */
  readonly migrationHash: string;
  readonly description: string;
  /**
   * 1, and one more for each run of the migration that was carried to an end: a table that is again as it was before
   * gets another plan, so that the ledger's entries of the first are not taken for its own.
   */
  readonly generation: number;
  readonly database: string;
  readonly serverVersion: number;
  readonly table: PlannedTable;
  /** What each operation does, a line each, in the order of the migration. */
  readonly operations: readonly { readonly name: string; readonly summary: string }[];
  /** Whether the flag moves traffic from an old to a new path; without, cutover, soak and cooling are passed at once. */
  readonly traffic: boolean;
  /** True: one flag flip brings all traffic back until contract starts, and no write is lost. */
  readonly reversible: boolean;
  readonly expand: readonly DdlStep[];
  readonly backfill: BackfillPlan;
  /** Built after the backfill, so that its updates stay HOT. */
  readonly indexes: readonly DdlStep[];
  readonly validation: ValidationPlan;
  readonly rollbackAlarms: RollbackAlarmsPlan;
  /** One for each of `GATES`, in that order. */
  readonly gates: readonly GatePlan[];
  readonly cutover: readonly CutoverStep[];
  readonly soakSeconds: number;
  readonly coolingSeconds: number;
  /** Columns that expand adds and contract or undo drops, and the names of the plan's indexes that go with them. */
  readonly mirrors: readonly { readonly column: string; readonly indexes: readonly string[] }[];
  readonly contract: readonly DdlStep[];
  /** Takes the expanded schema away again; only when asked, and only while all traffic is on the old path. */
  readonly undo: readonly DdlStep[];
  readonly lockRetry: { readonly attempts: number; readonly baseSeconds: number; readonly maxSeconds: number };
  readonly estimates: PlanEstimates;
  /** Things that a person should know and that refuse nothing. */
  readonly notes: readonly string[];
  /** SHA-256, hex, of the canonical JSON of everything above. */
  readonly hash: string;
}
