import type { ColumnCatalog } from "../../catalog/catalog.ts";
import type { PairColumns } from "../../ledger/batch.ts";
import { isDistinct } from "../../sql/is-distinct.ts";
import { fragment, name } from "../../sql/statement.ts";

/** Two columns of one table that hold the same value while a run lasts: the old one, and its mirror. */
export interface ColumnPair {
  readonly table: { readonly schema: string; readonly name: string };
  /** The old column. The mirror is nullable, and has no default: in an insert, "written" is "not null". */
  readonly column: ColumnCatalog;
  /** The mirror's name. */
  readonly to: string;
}

/** A pair for the backfill and the validation; exact, to the bit. */
export function pairColumns({ column, to }: ColumnPair): PairColumns {
  const [old, mirror] = [fragment`t.${name(column.name)}`, fragment`t.${name(to)}`];
  return {
    derive: fragment`${name(to)} = ${old}`,
    isDistinct: isDistinct(column, mirror, old),
    old,
    new: mirror,
  };
}
