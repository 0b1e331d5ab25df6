/** Step Functions' limit on the name of an execution, in characters. */
export const MAX_EXECUTION_NAME = 80;

/** A run's rollback is the execution `rollback-<run>`, so that a run has one; `migration.asl.json` names it as well. */
export const ROLLBACK_PREFIX = "rollback-";

/** A run's own name has to leave room for its rollback's. */
export const MAX_RUN_NAME = MAX_EXECUTION_NAME - ROLLBACK_PREFIX.length;

/**
 * The name of a run's rollback, as Step Functions knows it: `rollback-<run>`, so that an automatic rollback and one by
 * an operator are the same. After one that failed it is `again2-<run>`, `again3-<run>`: in front, since behind it would
 * be the name of the first rollback of a run called `<run>-2`, and no longer than `rollback-` up to the 999th.
 */
export function rollbackExecutionName(run: string, attempt: number): string {
  return attempt === 1 ? `${ROLLBACK_PREFIX}${run}` : `again${String(attempt)}-${run}`;
}
