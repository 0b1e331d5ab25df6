/**
 * What core needs of the world. Adapters on AWS implement these; one contract suite per port runs against each
 * adapter. An adapter translates every failure into a class of `errors.ts`.
 */
import type { FlagState } from "./flag.ts";
import type { MetricCondition } from "./gates/conditions/metrics.ts";
import type { GateName } from "./gates/gate-names.ts";
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
   * to, returns that one's number. The alarms are made the environment's monitors first: AppConfig takes the deployment
   * back by itself if one of them fires before its bake is over.
   *
   * @throws ServiceUnavailable where it meets a deployment in flight of something else.
   */
  deploy(migration: string, state: FlagState, guards: readonly string[]): Promise<number>;
  /**
   * The same at once and unguarded: takes the monitors away, which would stop just the deployment that an alarm calls
   * for; stops a deployment in flight of anything else, since an environment takes one at a time; and then deploys
   * with the 0-minute strategy.
   */
  deployNow(migration: string, state: FlagState): Promise<number>;
  deployment(migration: string, deployment: number): Promise<DeploymentState>;
}

/** An alarm as CloudWatch reports it now. `missing`: no alarm of that name. */
export type AlarmState = "OK" | "ALARM" | "INSUFFICIENT_DATA" | "missing";

/** An alarm's state, and since when it has been in it; unknown of an alarm that is missing. */
export interface AlarmReading {
  readonly state: AlarmState;
  readonly since?: Date;
}

export interface Alarms {
  /** The present state of each alarm, metric or composite, by name. */
  states(names: readonly string[]): Promise<ReadonlyMap<string, AlarmReading>>;
}

export interface Metrics {
  /**
   * The values of a metric, or of metric math, one a period, of the `overSeconds` before `until`.
   * Empty where there is no data.
   *
   * @throws ServiceRefused where CloudWatch cannot evaluate the expression; ServiceUnavailable.
   */
  values(
    query: Pick<MetricCondition, "metrics" | "expression" | "periodSeconds" | "overSeconds">,
    until: Date,
  ): Promise<readonly number[]>;
}

/** A run as the run registry knows it. Times are ISO 8601 in UTC. */
export interface RunRecord {
  /** The execution's name. */
  readonly runId: string;
  readonly migration: string;
  readonly planHash: string;
  readonly executionArn: string;
  /** `database/schema.table` of each table that it touches: one active run a table. All are of one database. */
  readonly tables: readonly string[];
  readonly phase: Phase;
  readonly startedAt: string;
  readonly updatedAt: string;
  /** Why the run was rolled back; absent otherwise. */
  readonly reason?: string;
  /** The alarms that roll it back when they fire: the rollback alarms of its plan. */
  readonly alarms: readonly string[];
  /** ARN of the person or role that started it with `sluice start`; absent for one that the console started. */
  readonly startedBy?: string;
  /** Present exactly while the run is paused. */
  readonly paused?: Pause;
  /** The newest pause that was ended, for the next step to record. */
  readonly lastPause?: EndedPause;
}

/** Who paused a run, when and why: an ARN, or the gate that failed. */
export interface Pause {
  readonly by: string;
  readonly at: string;
  readonly reason: string;
}

/** A pause that was ended. */
export interface EndedPause extends Pause {
  readonly resumedBy: string;
  readonly resumedAt: string;
}

/** For what a run has its tables' locks: from its beginning until it or its rollback ends, or while it is undone. */
export type LockPurpose = "run" | "undo";

/** The DynamoDB table of runs. Every change of phase is a compare-and-set. */
export interface RunRegistry {
  /**
   * Registers a run and locks all of its tables in one transaction: all or none. A run that is registered already is
   * left as it is (a repeated call).
   *
   * Locks of the runs in `deadRuns` are taken over, and their other locks released. The caller has made sure that none of
   * them can go on: its execution is not running, and a transition has made its phase final.
   *
   * @returns undefined where the tables are `run`'s, or else a run beside it and the dead ones that has a lock of theirs.
   * @throws ServiceRefused where one transaction cannot hold so many tables.
   */
  acquireTableLocks(run: RunRecord, deadRuns?: readonly string[]): Promise<RunRecord | undefined>;
  /**
   * Locks all tables of a registered run for its undo, all or none.
   *
   * @returns undefined where they are the run's, or else another run that has a lock of theirs.
   * @throws NotFound where no run of this name is registered.
   */
  acquireUndoLocks(runId: string): Promise<RunRecord | undefined>;
  /**
   * Releases the locks that the run acquired for this purpose, all at once; does nothing where it has none. Those for
   * an undo are not a rollback's to release: the end of a rollback may be repeated while an undo is at work.
   */
  releaseTableLocks(runId: string, purpose: LockPurpose): Promise<void>;
  /** The run that has the lock, by table (`database/schema.table`); a table that none has locked is left out. */
  lockHolders(tables: readonly string[]): Promise<ReadonlyMap<string, RunRecord>>;
  run(runId: string): Promise<RunRecord | undefined>;
  /** The newest runs first, at most `limit`. */
  runs(limit: number): Promise<readonly RunRecord[]>;
  /** Every run that one of these phases and this alarm have in common, in no order. */
  runsWatchedBy(alarm: string, phases: readonly Phase[]): Promise<readonly RunRecord[]>;
  /**
   * Sets the phase if the run is in one of `from`, and, where `unlessPaused`, not paused. A run that is rolled back is
   * not paused any more.
   *
   * @returns the record after the call; its phase is `to` exactly where the call won or had won before.
   */
  transition(change: PhaseChange): Promise<RunRecord>;
  /**
   * Pauses the run if it is in one of `from` and not paused.
   *
   * @returns the record after the call, which has who paused it; where it is not paused, it is in another phase.
   */
  pause(runId: string, pause: Pause, from: readonly Phase[]): Promise<RunRecord>;
  /** Ends the pause, if there is one. @returns the record before the call. */
  resume(runId: string, end: Pick<EndedPause, "resumedBy" | "resumedAt">): Promise<RunRecord>;
  /** Records who is about to start a run of this name, unless a caller is recorded already; forgotten after a day. */
  recordInitiator(runId: string, startedBy: string): Promise<void>;
  /** The caller that was recorded. */
  initiator(runId: string): Promise<string | undefined>;
}

export interface PhaseChange {
  readonly runId: string;
  readonly from: readonly Phase[];
  readonly to: Phase;
  readonly at: string;
  readonly reason?: string;
  readonly unlessPaused?: boolean;
}

/** A gate's question to people, and their answer. Times are ISO 8601 in UTC. */
export interface Approval {
  readonly runId: string;
  readonly gate: GateName;
  /** Of the plan that it is about: an answer that names another one is refused. */
  readonly planHash: string;
  readonly requestedAt: string;
  /** An answer after this is refused. */
  readonly deadline: string;
  readonly selfApproval: boolean;
  readonly decision?: Decision;
}

export interface Decision {
  readonly answer: "approved" | "rejected";
  /** ARN of who decided, as STS knows the caller. */
  readonly by: string;
  readonly at: string;
  readonly reason: string;
}

export interface Approvals {
  /**
   * Asks, if the run's gate has not asked yet, or nobody decided in time when it did.
   *
   * @returns the approval as it is after the call.
   */
  request(approval: Approval): Promise<Approval>;
  find(runId: string, gate: GateName): Promise<Approval | undefined>;
  /** All of a run, in the order in which they were asked. */
  ofRun(runId: string): Promise<readonly Approval[]>;
  /**
   * Decides if nobody has, and the deadline is not before `decision.at`: one compare-and-set.
   *
   * @returns the approval after the call; its decision is the given one exactly where the call won.
   */
  decide(runId: string, gate: GateName, decision: Decision): Promise<Approval>;
}

/**
 * The callback token that a run stands by with. It never leaves the adapter that keeps it: no message, no log and no
 * other item has it.
 */
export interface Callbacks {
  /** Keeps the token in place of an earlier one, until `expiresAt`. */
  keep(runId: string, token: string, expiresAt: Date): Promise<void>;
  /**
   * Lets the run go on, if it stands by: it then asks again whatever it waited for. Does nothing where it does not, so
   * that any caller may wake it at any time.
   */
  wake(runId: string): Promise<void>;
}

/** What a caller proves its identity with: see `adapters/callers.ts`. */
export interface CallerProof {
  /** The signed query of a GetCallerIdentity request. */
  readonly query: string;
}

export interface Callers {
  /**
   * Who made this proof for just this purpose, as STS tells it: an ARN.
   *
   * @throws CallerUnknown where STS does not take the proof, or it was made for another purpose.
   */
  identify(proof: CallerProof, purpose: string): Promise<string>;
}

/** How a Step Functions execution stands. `missing`: no such execution. */
export type ExecutionStatus =
  "RUNNING" | "SUCCEEDED" | "FAILED" | "TIMED_OUT" | "ABORTED" | "PENDING_REDRIVE" | "missing";

export interface Executions {
  status(executionArn: string): Promise<ExecutionStatus>;
  /** Starts a run of a deployed migration. @returns its ARN; undefined where the name is taken. */
  startRun(runId: string, migration: string): Promise<string | undefined>;
  /**
   * Starts the rollback of a run, unless it is under way or done: one execution a run, `rollback-<run>`. Where that one
   * failed, another is started.
   *
   * @returns the ARN of the rollback.
   */
  startRollback(request: { readonly run: string; readonly reason: string }): Promise<string>;
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
