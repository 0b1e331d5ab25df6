/** What the process ends with. Scripts rely on these numbers; help and docs/reference/cli.md list them. */
export const EXIT = { ok: 0, failed: 1, usage: 2, refused: 3, notFound: 4, unavailable: 5 } as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** For --help and the reference page, in the order of the numbers. */
export const EXIT_CODES: readonly { readonly code: ExitCode; readonly meaning: string }[] = [
  { code: EXIT.ok, meaning: "done" },
  { code: EXIT.failed, meaning: "failed, or the run that was waited for did" },
  { code: EXIT.usage, meaning: "wrong usage, migration file or configuration" },
  { code: EXIT.refused, meaning: "refused, by pre-flight or in the run's present phase; nothing was changed" },
  { code: EXIT.notFound, meaning: "no such file, run, stack, table or database" },
  { code: EXIT.unavailable, meaning: "database or AWS service unavailable; try again" },
];

const BY_ERROR: Readonly<Record<string, ExitCode>> = {
  MigrationInvalid: EXIT.usage,
  ConfigurationInvalid: EXIT.usage,
  PreflightRefused: EXIT.refused,
  LedgerTooNew: EXIT.refused,
  DecisionRefused: EXIT.refused,
  PauseRefused: EXIT.refused,
  UndoRefused: EXIT.refused,
  CallerUnknown: EXIT.refused,
  NotFound: EXIT.notFound,
  DatabaseUnavailable: EXIT.unavailable,
  ServiceUnavailable: EXIT.unavailable,
};

/** By the name of a class of core/errors.ts, which is also how a failed execution reports its error. */
export function exitCodeOf(errorName: string | undefined): ExitCode {
  return (errorName === undefined ? undefined : BY_ERROR[errorName]) ?? EXIT.failed;
}
