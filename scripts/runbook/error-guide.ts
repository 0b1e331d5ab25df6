import type * as errors from "../../core/errors.ts";

/** Every class of `core/errors.ts` but the base. */
type ErrorName = Exclude<keyof typeof errors, "SluiceError">;

/** What an error means to the operator on call, in the runbook's Markdown. */
export interface Guidance {
  readonly means: string;
  /** What to do about it: a command wherever there is one. */
  readonly action: string;
  /** Heading of the runbook that has more. */
  readonly section?: string;
}

/** One entry an error: a class without one does not compile. The runbook's table is generated from it. */
export const ERROR_GUIDE: Readonly<Record<ErrorName, Guidance>> = {
  PreflightRefused: {
    means: "One or more checks refused; all are listed. Nothing was touched",
    action: "Fix them; rerun `sluice preflight FILE`; start again",
    section: "What preflight checks",
  },
  MigrationInvalid: {
    means: "The file is not valid, or asks for what this version does not do",
    action: "Fix the file, `sluice deploy`",
  },
  ConfigurationInvalid: {
    means:
      "`cdk.json`, an option or a handler's environment is wrong, or a command would have to ask where there is no terminal",
    action: "Follow the message; `sluice deploy` where it is the stack's",
  },
  NotFound: {
    means: "No run, migration, stack, database, table or flag of that name",
    action: "Correct the name: `sluice status` lists the runs. A new migration needs `sluice deploy`",
  },
  PlanUnreadable: {
    means: "The plan is missing from the bucket, its text does not have its hash, or another version of Sluice made it",
    action: "Restore the object `plans/<hash>.json` from its versions, or deploy the version that made it; start again",
  },
  LedgerTooNew: {
    means:
      "A later version of Sluice than the one deployed has changed the ledger in the database. Nothing was touched",
    action: "Deploy that version or a later one (`sluice deploy`), start again",
  },
  LockNotAcquired: {
    means: "A DDL step did not get its lock in `locks.attempts` tries",
    action: "Find the session that holds the table, let it end, start again",
    section: "A lock is not acquired",
  },
  StatementFailed: {
    means:
      "PostgreSQL refused a statement of the plan, or a precondition of a step was not met under its lock; not applied, the transaction was rolled back",
    action: "The `Cause` has PostgreSQL's message, or the precondition; fix it, start again",
  },
  DatabaseError: {
    means: "PostgreSQL or the Data API refused one of Sluice's statements, with its SQLSTATE",
    action: "Fix the cause (privileges, secret, disk), start again",
  },
  StatementTimeout: {
    means: "A statement ran past the Data API's 45 s",
    action:
      "Lower `validate.shard_blocks` or `backfill.batch`, and check for I/O problems. A changed file needs `sluice undo` first",
  },
  DatabaseUnavailable: {
    means: "No answer, a failover, no free connection; a run's steps are retried for about half an hour",
    action: "Wait until the database answers, start again",
    section: "The database does not answer",
  },
  ServiceUnavailable: {
    means:
      "DynamoDB, AppConfig, CloudWatch, S3, STS or Step Functions did not answer, or a deployment was in the way; retried",
    action: "Wait, start again",
  },
  ServiceRefused: {
    means:
      "One of these services refused a call: a permission, a limit, two AppConfig environments of one name, an item of the run registry that was written by hand",
    action: "Fix it, start again",
  },
  ValidationIncomplete: {
    means: "A part of the table was not read, mostly because something rewrote the table meanwhile",
    action: "Stop `VACUUM FULL` or `CLUSTER`, start again",
  },
  DivergenceFound: {
    means: "Rows differ between the old shape and the new one",
    action: "Find and fix the rows, start again",
    section: "Divergence was found",
  },
  GateFailed: {
    means:
      "An alarm fired, or a condition of the gate was not met before its timeout. Or, just before contract, the flag, the triggers or what depends on the old column was not as planned",
    action: "The `Cause` lists every reason; when they are gone, start again",
    section: "A gate waits or failed",
  },
  ApprovalDenied: {
    means: "An operator rejected what a gate asked, or no decision came in time",
    action: "The `Cause` says who and why; agree with them, start again: the gate asks again",
    section: "Approve or reject",
  },
  DecisionRefused: {
    means:
      "This approval or rejection does not count: no approval is pending, it is late, it was already decided, it is about another plan, or you started the run yourself. Of a start: the run's name is taken. Nothing was changed",
    action: "`sluice status RUN` shows the pending approval, its plan and its deadline; start under another name",
    section: "Approve or reject",
  },
  CallerUnknown: {
    means:
      "STS did not confirm who you are: expired credentials, another region or account than the stack's, a clock that is wrong, or another version of the command line",
    action: "`aws sts get-caller-identity`; log in again; try again",
    section: "Approve or reject",
  },
  PauseRefused: {
    means: "The run is over, in contract, paused already, or not paused",
    action: "`sluice status RUN`",
    section: "Pause and resume",
  },
  UndoRefused: {
    means: "Traffic may still use the new shape, or a run does, or the plan was changed since. Nothing was removed",
    action: "Follow the message; roll back first where the run is active",
    section: "Undo an expanded table",
  },
  FlagDeploymentFailed: {
    means:
      "AppConfig rolled back a step's deployment because an alarm fired during its bake, or an operator did so by hand, or the flag has a version that Sluice did not write",
    action: "Check the deployments in AppConfig and the alarms; start again when the cause is gone",
    section: "An alarm fired and the run rolled itself back",
  },
  RunSuperseded: {
    means: "The run was rolled back, or another run took its table",
    action: "Nothing: see the other with `sluice status`",
  },
  RollbackTooLate: {
    means:
      "Contract had already begun; or this run was rolled back before, and was undone or another one holds the table now",
    action:
      "Roll forward; or roll back the run that it names; of a run that was undone, nothing: traffic is on the old path",
    section: "Too late: contract has begun",
  },
  LocalSetupFailed: {
    means: "The local stack only: Python, MiniStack or the deployment",
    action: "Follow the message",
  },
};
