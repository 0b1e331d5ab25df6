/**
 * What core needs of the world. Adapters on AWS implement these; one contract suite per port runs against each
 * adapter. An adapter translates every failure into a class of `errors.ts`.
 */
import type { FlagState } from "./flag.ts";
import type { Phase } from "./plan/phases.ts";
import type { Plan } from "./plan/plan.ts";
import type { Statement } from "./sql/statement.ts";

/** A row as PostgreSQL returned it. `bigint` and `numeric` arrive as strings, `json` as text. */
export type Row = Readonly<Record<string, string | number | boolean | null>>;

/** One place to run statements: the pool (each statement commits by itself) or one open transaction. */
export interface Session {
  /**
   * Runs one statement and returns its rows (none for DDL).
   *
   * @throws DatabaseError with the SQLSTATE, StatementTimeout after 45 s, DatabaseUnavailable.
   */
  execute(statement: Statement): Promise<readonly Row[]>;
}

/** The migrated database, over the RDS Data API. Sessions are pooled: `SET` outside a transaction does not stick. */
export interface Database extends Session {
  /** Runs `work` in one transaction; commits when it returns and rolls back when it throws. */
  transaction<T>(work: (session: Session) => Promise<T>): Promise<T>;
  /**
   * Starts a statement outside any transaction that may run for hours (CREATE INDEX CONCURRENTLY).
   * `finished` is false where the Data API's 45 s passed and the statement runs on: poll the catalog.
   */
  executeLong(statement: Statement): Promise<{ readonly finished: boolean }>;
}

/** The state of one flag deployment. */
export type DeploymentState = "deploying" | "complete" | "reverted";

/** The migration's flag: one AppConfig environment and profile a migration, so that no other run can hold it up. */
export interface Flags {
  /** Whether the environment and the profile of this migration are there. */
  exists(migration: string): Promise<boolean>;
  /** What the newest complete deployment serves; undefined where nothing was deployed yet. */
  current(migration: string): Promise<FlagState | undefined>;
  /** Whether a deployment is under way: some clients have it already, and `current` does not tell what it brings. */
  inFlight(migration: string): Promise<boolean>;
  /** Whether any deployment was ever started; false means that every client is on the old path. */
  deployed(migration: string): Promise<boolean>;
  /**
   * Starts a deployment of `state` and returns its number; where the newest deployment serves just that, or is about
   * to, returns that one's number. `immediate` takes the 0-minute strategy and first stops a deployment in flight of
   * anything else, since an environment takes one at a time.
   *
   * @throws ServiceUnavailable where `stepwise` meets a deployment in flight of something else.
   */
  deploy(migration: string, state: FlagState, strategy: "stepwise" | "immediate"): Promise<number>;
  deployment(migration: string, deployment: number): Promise<DeploymentState>;
}

/** An alarm as CloudWatch reports it now. `missing`: no alarm of that name. */
export type AlarmState = "OK" | "ALARM" | "INSUFFICIENT_DATA" | "missing";

export interface Alarms {
  /** The present state of each alarm, metric or composite, by name. */
  states(names: readonly string[]): Promise<ReadonlyMap<string, AlarmState>>;
}

/** A run as control knows it. Times are ISO 8601 in UTC. */
export interface RunRecord {
  /** The execution's name. */
  readonly runId: string;
  readonly migration: string;
  readonly planHash: string;
  readonly executionArn: string;
  /** `database/schema.table`: one active run a table. */
  readonly table: string;
  readonly phase: Phase;
  readonly startedAt: string;
  readonly updatedAt: string;
  /** Why the run was rolled back; absent otherwise. */
  readonly reason?: string;
}

/** The DynamoDB table of runs. Every change of phase is a compare-and-set. */
export interface Control {
  /**
   * Registers a run and takes its table. A run of the same id is left as it is (a repeated call).
   *
   * @returns the record of the run that holds the table instead, where another does.
   */
  register(run: RunRecord): Promise<RunRecord | undefined>;
  /**
   * Registers a run on a table that the run `from` still holds, where that has ended without giving it free. A
   * compare-and-set: where another than `from` holds the table, nothing changes. The caller has made sure that `from`
   * cannot go on: its execution is not running, and a transition has made its phase final.
   *
   * @returns undefined where the table is now `run`'s, or else the record of the run that holds it.
   */
  takeOver(run: RunRecord, from: string): Promise<RunRecord | undefined>;
  /** Gives the table to nobody if `runId` holds it. */
  release(runId: string): Promise<void>;
  run(runId: string): Promise<RunRecord | undefined>;
  /** The run that holds the table (`database/schema.table`); undefined where it is free. */
  holder(table: string): Promise<RunRecord | undefined>;
  /** The newest runs first, at most `limit`. */
  runs(limit: number): Promise<readonly RunRecord[]>;
  /**
   * Sets the phase if the run is in one of `from`.
   *
   * @returns the record after the call; its phase is `to` exactly where the call won or had won before.
   */
  transition(change: PhaseChange): Promise<RunRecord>;
}

export interface PhaseChange {
  readonly runId: string;
  readonly from: readonly Phase[];
  readonly to: Phase;
  readonly at: string;
  readonly reason?: string;
}

/** How a Step Functions execution stands. `missing`: no such execution. */
export type ExecutionStatus =
  "RUNNING" | "SUCCEEDED" | "FAILED" | "TIMED_OUT" | "ABORTED" | "PENDING_REDRIVE" | "missing";

export interface Executions {
  status(executionArn: string): Promise<ExecutionStatus>;
  /** Stops it; does nothing where it is not running. */
  stop(executionArn: string, reason: { readonly error: string; readonly cause: string }): Promise<void>;
}

/** Plans by hash. */
export interface PlanStore {
  /** Stores the plan under its hash; storing it again changes nothing. */
  put(plan: Plan): Promise<void>;
  /** @throws PlanUnreadable where it is missing or its text does not have the hash. */
  get(hash: string): Promise<Plan>;
}

export interface Notifier {
  /** One message to the operators' topic. The subject is cut to the 100 ASCII characters that SNS takes. */
  notify(message: { readonly subject: string; readonly body: string }): Promise<void>;
}

export interface Clock {
  now(): Date;
  sleep(milliseconds: number): Promise<void>;
}
