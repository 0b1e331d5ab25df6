import type { Catalog } from "../catalog/catalog.ts";
import type { Migration } from "../migration/schema.ts";
import type { DdlStep } from "../plan/plan.ts";
import type { Raw } from "../sql/statement.ts";

/** What one kind of change contributes to a plan. Everything is SQL as data; the plan's executor runs it. */
export interface OperationPlan {
  readonly kind: string;
  /** One line for a person. */
  readonly summary: string;
  readonly table: { readonly schema: string; readonly name: string };
  /** Additive, in order; the last steps are the sync triggers. */
  readonly expand: readonly DdlStep[];
  /** The pair that must agree in every row, over the alias `t`. */
  readonly pair: SyncedPair;
  /** Built after the backfill. */
  readonly indexes: readonly DdlStep[];
  /** What expand adds, and undo drops. */
  readonly adds: { readonly column: string };
  /** What contract drops, and the indexes on it that the plan has built again. */
  readonly removes: { readonly column: string; readonly indexes: readonly string[] };
  readonly contract: readonly DdlStep[];
  readonly undo: readonly DdlStep[];
  readonly notes: readonly string[];
}

/** The two sides of a change as SQL over a row with the alias `t`. */
export interface SyncedPair {
  /** `SET` clause that derives the new side. */
  readonly derive: Raw;
  /** True where the sides disagree; exact, to the bit. */
  readonly disagrees: Raw;
  /** The old and new value, as they are. */
  readonly old: Raw;
  readonly new: Raw;
}

/** What an operation may read while it plans. */
export interface OperationContext {
  readonly migration: Migration;
  readonly catalog: Catalog;
}
