/**
 * The name of a run's rollback, as Step Functions knows it: `rollback-<run>`, which the migration's state machine gives
 * it as well, so that an automatic rollback and one by hand are the same. After one that failed it is `again2-<run>`,
 * `again3-<run>`: in front, since behind it would be the name of the first rollback of a run called `<run>-2`, and no
 * longer than `rollback-`, which a run's name leaves room for.
 */
export function rollbackExecutionName(run: string, attempt: number): string {
  return attempt === 1 ? `rollback-${run}` : `again${String(attempt)}-${run}`;
}
