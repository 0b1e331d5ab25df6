import { DatabaseError } from "../errors.ts";

/**
 * lock_not_available, deadlock_detected, query_canceled (statement_timeout), serialization_failure (where the role or
 * the database has a stricter isolation than READ COMMITTED).
 */
const LOCK_CONFLICTS: readonly string[] = ["55P03", "40P01", "57014", "40001"];

/** A lock stood in the way, or the statement ran out of its time: nothing was written, try again later. */
export function isLockConflict(error: unknown): boolean {
  return error instanceof DatabaseError && LOCK_CONFLICTS.includes(error.sqlState);
}
