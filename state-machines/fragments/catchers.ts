import type { Catcher } from "../asl.ts";

/** Every failure of a run before contract begins leads here. */
export const ROLL_BACK = "RollBack";

/** @param resultPath Where the error is put. Both ends and the start of the rollback read it at `$.error`. */
export function catchAll(next: string, resultPath = "$.error"): Catcher {
  return { ErrorEquals: ["States.ALL"], ResultPath: resultPath, Next: next };
}

export function rollsBack(catches: readonly Catcher[]): boolean {
  return catches.some(({ Next }) => Next === ROLL_BACK);
}
