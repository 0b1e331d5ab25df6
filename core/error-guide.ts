import type * as errors from "./errors.ts";

/** Every class of `errors.ts` but the base. */
export type ErrorName = Exclude<keyof typeof errors, "SluiceError">;

/** What an error means to whoever is on call, in the runbook's Markdown. */
export interface Guidance {
  readonly means: string;
  /** What to do about it: a command wherever there is one. */
  readonly press: string;
  /** Heading of the runbook that has more. */
  readonly section?: string;
}

/** One entry an error: a class without one does not compile. The runbook's table is generated from it. */
export const ERROR_GUIDE: Readonly<Record<ErrorName, Guidance>> = {
  PreflightRefused: {
    means: "One or more checks refused; all are listed. Nothing was touched",
    press: "Mend them; look again with `sluice preflight FILE`; start again",
    section: "What preflight checks",
  },
  MigrationInvalid: {
    means: "The file is not valid, or asks for what this version does not do",
    press: "Mend the file, `sluice deploy`",
  },
  ConfigurationInvalid: {
    means:
      "`cdk.json`, an option or a handler's environment is wrong, or a command would have to ask where nobody can answer",
    press: "What it says; `sluice deploy` where it is the stack's",
  },
  NotFound: {
    means: "No run, migration, stack, database, table or flag of that name",
    press: "The name: `sluice status` lists the runs. A new migration needs `sluice deploy`",
  },
  PlanUnreadable: {
    means: "The plan is missing from the bucket, its text does not have its hash, or another version of Sluice made it",
    press: "Restore the object `plans/<hash>.json` from its versions, or deploy the version that made it; start again",
  },
  LedgerTooNew: {
    means:
      "The ledger in the database was changed by a later version of Sluice than the one deployed. Nothing was touched",
    press: "Deploy that version or a later one (`sluice deploy`), start again",
  },
  LockNotAcquired: {
    means: "A DDL step did not get its lock in `locks.attempts` tries",
    press: "Find who holds the table, let it end, start again",
    section: "A lock is not acquired",
  },
  StatementFailed: {
    means:
      "PostgreSQL refused a statement of the plan, or what a step asks for under its lock did not hold; it left nothing behind",
    press: "The `Cause` has PostgreSQL's message, or what did not hold; mend it, start again",
  },
  DatabaseError: {
    means: "PostgreSQL or the Data API refused a statement of ours, with its SQLSTATE",
    press: "Mend the cause (privileges, secret, disk), start again",
  },
  StatementTimeout: {
    means: "A statement ran past the Data API's 45 s",
    press:
      "Lower `validate.shard_blocks` or `backfill.batch`, and look for I/O trouble. A changed file needs `sluice undo` first",
  },
  DatabaseUnavailable: {
    means: "No answer, a failover, no free connection; a run's steps are retried for half an hour or so",
    press: "Wait until the database answers, start again",
    section: "The database does not answer",
  },
  ServiceUnavailable: {
    means:
      "DynamoDB, AppConfig, CloudWatch, S3, STS or Step Functions did not answer, or a deployment was in the way; retried",
    press: "Wait, start again",
  },
  ServiceRefused: {
    means:
      "Such a service refused a call: a permission, a limit, two AppConfig environments of one name, an item of the run registry that somebody wrote by hand",
    press: "Mend it, start again",
  },
  ValidationIncomplete: {
    means: "A part of the table was not read, mostly because something rewrote the table meanwhile",
    press: "Stop `VACUUM FULL` or `CLUSTER`, start again",
  },
  DivergenceFound: {
    means: "Rows differ between the old shape and the new one",
    press: "Find and mend the rows, start again",
    section: "Divergence was found",
  },
  GateFailed: {
    means:
      "An alarm fired, or something that the gate asks did not hold for as long as it may wait. Or, just before contract, the flag, the triggers or what depends on the old column were not as planned",
    press: "The `Cause` lists every reason; when they are gone, start again",
    section: "A gate holds or failed",
  },
  ApprovalDenied: {
    means: "Somebody rejected what a gate asked, or nobody answered in time",
    press: "The `Cause` says who and why; settle it with them, start again: the gate asks anew",
    section: "Approve or reject",
  },
  DecisionRefused: {
    means:
      "This approval or rejection does not count: nothing is asked, it is late, somebody was first, the plan is another, or you started the run yourself. Of a start: the run's name is taken. Nothing was changed",
    press: "`sluice status RUN` says what is asked, of which plan, until when; start under another name",
    section: "Approve or reject",
  },
  CallerUnknown: {
    means:
      "STS did not confirm who you are: expired credentials, another region or account than the stack's, a clock that is off, or another version of the command line",
    press: "`aws sts get-caller-identity`; log in again; try again",
    section: "Approve or reject",
  },
  PauseRefused: {
    means: "The run is over, in contract, paused already, or not paused",
    press: "`sluice status RUN`",
    section: "Pause and resume",
  },
  UndoRefused: {
    means: "Traffic may still use the new shape, or a run does, or the plan was changed since. Nothing was taken away",
    press: "What it says; roll back first where the run is active",
    section: "Undo an expanded table",
  },
  FlagDeploymentFailed: {
    means:
      "AppConfig took a step's deployment back because an alarm fired during its bake, or somebody did by hand, or the flag has a version that Sluice did not write",
    press: "Look at the deployments in AppConfig and at the alarms; start again when the cause is gone",
    section: "An alarm fired and the run rolled itself back",
  },
  RunSuperseded: {
    means: "The run was rolled back, or another run took its table",
    press: "Nothing: look at the other with `sluice status`",
  },
  RollbackTooLate: {
    means: "Contract was first; or this run was rolled back before, and was undone or another one holds the table now",
    press:
      "Roll forward; or roll back the run that it names; of a run that was undone, nothing: traffic is on the old path",
    section: "Too late: contract has begun",
  },
  LocalSetupFailed: {
    means: "The local stack only: Python, MiniStack or the deployment",
    press: "What it says",
  },
};
