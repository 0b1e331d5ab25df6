import type { ConditionReading } from "../evaluation.ts";
import { readingText, type ConditionDefinition, type ConditionPlan, type Question } from "./condition.ts";
import { CONDITIONS } from "./registry.ts";

/** The registry, for code that treats all kinds alike. */
export const KINDS: readonly ConditionDefinition[] = CONDITIONS;

/** Undefined for a kind of another version of Sluice, which an old plan or the ledger may have. */
export function kindOf(kind: string): ConditionDefinition | undefined {
  return KINDS.find((definition) => definition.kind === kind);
}

/** Whether people fulfil a condition of the kind. */
export const asksPeople = (kind: string): boolean => kindOf(kind)?.asksPeople !== undefined;

/** What a gate asks people; undefined where it asks nothing. */
export function questionOf({ conditions }: { readonly conditions: readonly ConditionPlan[] }): Question | undefined {
  for (const condition of conditions) {
    const question = kindOf(condition.kind)?.asksPeople?.(condition);
    if (question !== undefined) return question;
  }
  return undefined;
}

/** A reading in one line, of any kind, known or not. */
export function statusText(reading: ConditionReading): string {
  return kindOf(reading.kind)?.statusText?.(reading) ?? readingText(reading);
}

/** The kinds that people fulfil, for SQL: joined by commas, since the Data API takes no arrays. */
export const PEOPLE_KINDS = KINDS.filter((definition) => definition.asksPeople !== undefined)
  .map(({ kind }) => kind)
  .join();
