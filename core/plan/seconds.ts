/** Whole seconds of a duration in milliseconds, rounded up: nothing waits for less than its author wrote. */
export function seconds(milliseconds: number): number {
  return Math.ceil(milliseconds / 1_000);
}
