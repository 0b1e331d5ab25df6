/**
 * What wakes the operators, in words: what each alarm of the stack means and what to press. Plain data without the CDK,
 * since the runbook is generated from it; `operator-alarms.ts` says which metric each one watches.
 */

/** One alarm, or one kind of alarm: `<name>` of the stack's alarm `<stack>-<name>`. */
export interface OperatorWatch {
  /** `step-errors-<Step>` and `command-errors-<Command>` stand for one alarm a function. */
  readonly name: string;
  /** What has happened, for somebody who was asleep. */
  readonly means: string;
  /** What to do about it. */
  readonly press: string;
}

const LOOK = "The execution's error is in the Step Functions console and in sluice status.";
const NEW_PATH = "TRAFFIC MAY STILL BE ON THE NEW PATH:";

/** By what the alarm is called after the stack's name. */
export const WATCH_TEXTS = {
  "migration-failed": {
    means: "A migration failed. Unless contract had begun, its rollback has been started.",
    press: `Make sure that there is a rollback; if there is none, sluice rollback <run>. ${LOOK}`,
  },
  "migration-timed-out": {
    means: "A migration ran into its time limit, and started no rollback.",
    press: `sluice rollback <run>, unless contract had begun. ${LOOK}`,
  },
  "rollback-started": {
    means: "Traffic is being returned to the old path: an alarm fired, a gate failed, or somebody asked for it.",
    press: "Check that it arrives: sluice status <run> has the reason. Start the migration again once that is mended.",
  },
  "rollback-failed": {
    means: `${NEW_PATH} a rollback failed.`,
    press: `sluice rollback <run> starts it again; every step may be repeated. ${LOOK}`,
  },
  "rollback-timed-out": {
    means: `${NEW_PATH} a rollback timed out.`,
    press: `sluice rollback <run> starts it again; every step may be repeated. ${LOOK}`,
  },
  "rollback-aborted": {
    means: `${NEW_PATH} somebody stopped a rollback.`,
    press: "sluice rollback <run> starts it again, unless whoever stopped it knows why not.",
  },
  "undo-failed": {
    means: "Taking a rolled-back run's expanded schema away failed. Traffic is on the old path and stays there.",
    press: `sluice undo <run> goes on with it. ${LOOK}`,
  },
  "alarm-handler-failed": {
    means: "An alarm fired and the function that starts rollbacks failed. It is called again up to twice.",
    press: "sluice status: where a run should have been rolled back and was not, sluice rollback <run>.",
  },
  "alarm-events-lost": {
    means: `${NEW_PATH} an alarm fired, and its event could not be handled, not even after all retries.`,
    press: "sluice rollback <run> for each run that the alarm guards. Then read and empty the queue of lost events.",
  },
  "step-errors": {
    means: "A step fails again and again; it is being retried.",
    press: "Its log group has the reason; the dashboard lists the newest errors of all steps.",
  },
  "command-errors": {
    means: "A command of the operators (start, approve, reject, pause, resume) failed, or was refused again and again.",
    press: "Its log group has the reason. Where approvals fail, a gate runs into its deadline and the run rolls back.",
  },
  "lambda-throttled": {
    means:
      "Lambda refuses calls in this account and region, Sluice's or somebody else's: steps are retried and go slower.",
    press: "Raise the concurrency limit, or lower the workers of the migration.",
  },
} as const satisfies Readonly<Record<string, Omit<OperatorWatch, "name">>>;

export type WatchName = keyof typeof WATCH_TEXTS;

/** Alarms of which there is one a function, by what stands for the function in their names. */
const PER_FUNCTION: Partial<Record<string, string>> = {
  "step-errors": "step-errors-<Step>",
  "command-errors": "command-errors-<Command>",
};

/** Every alarm of the stack that wakes the operators. */
export const operatorWatches: readonly OperatorWatch[] = Object.entries(WATCH_TEXTS).map(([name, text]) => ({
  name: PER_FUNCTION[name] ?? name,
  ...text,
}));
