import { SluiceError } from "./errors.ts";

/**
 * What one request to another system brought. Three kinds and not two: a request that failed must never be taken for
 * one whose answer is "nothing", nor for one that was left out on purpose.
 */
export type Reading<T> =
  | { readonly kind: "read"; readonly value: T }
  | { readonly kind: "unread"; readonly problem: string }
  | { readonly kind: "not asked" };

/** Not to be asked for yet: its check is left out of the list, and passes nothing. */
export const NOT_ASKED = { kind: "not asked" } as const satisfies Reading<never>;

export const readAs = <T>(value: T): Reading<T> => ({ kind: "read", value });

/** Asks, and keeps a failure as what it is, so that one failed service does not hide the answers of the others. */
export async function reading<T>(ask: () => Promise<T>): Promise<Reading<T>> {
  try {
    return readAs(await ask());
  } catch (error) {
    return { kind: "unread", problem: problemOf(error) };
  }
}

/** The object and what is wrong with it; the remedy is up to the check. */
export function problemOf(error: unknown): string {
  if (error instanceof SluiceError) return `${error.details.object}: ${error.details.problem}`;
  return error instanceof Error ? error.message : String(error);
}
