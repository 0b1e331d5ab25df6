/**
 * Every error that leaves core. The name is the contract with the state machines: an `ErrorEquals` that is not
 * `States.*` is the name of a class here. It is a literal, since a minifier renames classes.
 */
export type RetryClass = "never" | "transient";

/** What is wrong with which object, and what to do next. */
export interface ErrorDetails {
  /** The object, quoted as its owner would write it: a column, a file, an alarm. */
  readonly object: string;
  readonly problem: string;
  readonly remedy: string;
  readonly cause?: unknown;
}

/** Base of every error of Sluice: `"object" problem; remedy`. */
export abstract class SluiceError extends Error {
  abstract override readonly name: string;
  /** Whether the same call may succeed later without anybody's help. */
  abstract readonly retry: RetryClass;

  constructor(readonly details: ErrorDetails) {
    super(`${details.object}: ${details.problem}. ${details.remedy}`, { cause: details.cause });
  }
}

/** The migration file is not valid, or asks for something that this version does not implement. */
export class MigrationInvalid extends SluiceError {
  override readonly name = "MigrationInvalid";
  override readonly retry = "never";
}

/** The stack's configuration in cdk.json, or a handler's environment, is not valid. */
export class ConfigurationInvalid extends SluiceError {
  override readonly name = "ConfigurationInvalid";
  override readonly retry = "never";
}

/** A pre-flight check refused the run; nothing was touched. */
export class PreflightRefused extends SluiceError {
  override readonly name = "PreflightRefused";
  override readonly retry = "never";
}

/** The plan in the store is missing, or its text does not have the hash that names it. */
export class PlanUnreadable extends SluiceError {
  override readonly name = "PlanUnreadable";
  override readonly retry = "never";
}

/** A later version of Sluice has changed the ledger: this one would misread it. */
export class LedgerTooNew extends SluiceError {
  override readonly name = "LedgerTooNew";
  override readonly retry = "never";
}

/** A statement could not take its lock within lock_timeout, as many times as the plan allows. */
export class LockNotAcquired extends SluiceError {
  override readonly name = "LockNotAcquired";
  override readonly retry = "never";
}

/** A statement of the plan failed in a way that waiting does not mend. */
export class StatementFailed extends SluiceError {
  override readonly name = "StatementFailed";
  override readonly retry = "never";
}

/** Old and new differ in more rows than the migration allows. */
export class DivergenceFound extends SluiceError {
  override readonly name = "DivergenceFound";
  override readonly retry = "never";
}

/** A part of the table was not validated: missing data is never a pass. */
export class ValidationIncomplete extends SluiceError {
  override readonly name = "ValidationIncomplete";
  override readonly retry = "never";
}

/** A gate did not pass in its time, or a signal that it reads went bad. */
export class GateFailed extends SluiceError {
  override readonly name = "GateFailed";
  override readonly retry = "never";
}

/** A person rejected what a gate asked, or nobody answered in time. */
export class ApprovalDenied extends SluiceError {
  override readonly name = "ApprovalDenied";
  override readonly retry = "never";
}

/** An approval or a rejection that does not count: late, the second one, for another plan, or by the one who started. */
export class DecisionRefused extends SluiceError {
  override readonly name = "DecisionRefused";
  override readonly retry = "never";
}

/** The caller of an operator's command could not be identified. */
export class CallerUnknown extends SluiceError {
  override readonly name = "CallerUnknown";
  override readonly retry = "never";
}

/** A run cannot be paused or resumed as it stands: it is over, in contract, or paused already, or not paused. */
export class PauseRefused extends SluiceError {
  override readonly name = "PauseRefused";
  override readonly retry = "never";
}

/** The expanded schema must not be taken away: traffic may still use it, or a run does. */
export class UndoRefused extends SluiceError {
  override readonly name = "UndoRefused";
  override readonly retry = "never";
}

/** The flag's deployment was rolled back or stopped by somebody else. */
export class FlagDeploymentFailed extends SluiceError {
  override readonly name = "FlagDeploymentFailed";
  override readonly retry = "never";
}

/** The run was rolled back, or another run owns the table: this one must not go on. */
export class RunSuperseded extends SluiceError {
  override readonly name = "RunSuperseded";
  override readonly retry = "never";
}

/** Rollback came after contract had claimed the run: the old shape is being removed. */
export class RollbackTooLate extends SluiceError {
  override readonly name = "RollbackTooLate";
  override readonly retry = "never";
}

/** No run, stack, database or migration of that name. */
export class NotFound extends SluiceError {
  override readonly name = "NotFound";
  override readonly retry = "never";
}

/** The database did not answer, or said that it is busy or resuming: the same call may succeed later. */
export class DatabaseUnavailable extends SluiceError {
  override readonly name = "DatabaseUnavailable";
  override readonly retry = "transient";
}

/** A control-plane service (DynamoDB, AppConfig, CloudWatch, S3) did not answer. */
export class ServiceUnavailable extends SluiceError {
  override readonly name = "ServiceUnavailable";
  override readonly retry = "transient";
}

/** A control-plane service refused a call: a missing permission, a limit, an object in a state that forbids it. */
export class ServiceRefused extends SluiceError {
  override readonly name = "ServiceRefused";
  override readonly retry = "never";
}

/**
 * The database refused a statement. `sqlState` is PostgreSQL's five-character code
 * (https://www.postgresql.org/docs/current/errcodes-appendix.html).
 */
export class DatabaseError extends SluiceError {
  override readonly name = "DatabaseError";
  override readonly retry = "never";

  constructor(
    readonly sqlState: string,
    details: ErrorDetails,
  ) {
    super(details);
  }
}

/** A statement ran past the Data API's 45 s. Whether it took effect is unknown until the ledger has been read. */
export class StatementTimeout extends SluiceError {
  override readonly name = "StatementTimeout";
  override readonly retry = "never";
}

/** This machine lacks a program that the local stack needs, or could not start one. */
export class LocalSetupFailed extends SluiceError {
  override readonly name = "LocalSetupFailed";
  override readonly retry = "never";
}
