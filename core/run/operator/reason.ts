/**
 * The longest reason, in characters. It is carried in the run's state, and a state of more than 256 KiB ends an
 * execution with an error that nothing catches, the rollback's state neither.
 */
const LONGEST = 2_000;

/** What is wrong with a reason that a person gave; undefined where it will do. */
export function validateReason(reason: string): string | undefined {
  if (reason.trim() === "") return "has no reason";
  return reason.length > LONGEST ? `has a reason of more than ${String(LONGEST)} characters` : undefined;
}
