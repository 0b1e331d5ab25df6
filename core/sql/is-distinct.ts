import type { ColumnCatalog } from "../catalog/catalog.ts";
import { fragment, raw, type Raw } from "./statement.ts";

/**
 * Types whose `=` is true only for values that print alike and are stored alike. Every other type has values that
 * are equal and yet not the same: numeric 1.0 and 1.00, char 'a' and 'a ', citext 'A' and 'a', interval '1 day' and
 * '24 hours', float 0 and -0, jsonb 1.0 and 1.00. A comparison by `=` would leave such a change unsynced.
 */
const EXACT_EQUALITY = new Set(
  ["bool", "bytea", "date", "int2", "int4", "int8", "name", "oid", "text", "time", "timestamp", "timestamptz", "uuid"]
    .concat("varchar")
    .map((type) => `pg_catalog.${type}`),
);

/** Whether `IS DISTINCT FROM` tells every two different values of the column apart. */
export function hasExactEquality(column: ColumnCatalog): boolean {
  return EXACT_EQUALITY.has(column.baseType) && column.collationDeterministic;
}

/**
 * SQL that is true where two values of the column's type are not the same to the bit; nulls are the same.
 *
 * Where the type's own equality is coarser than identity, the values are compared as record images (`*<>`,
 * https://www.postgresql.org/docs/17/functions-comparisons.html#COMPOSITE-TYPE-COMPARISON), which needs no equality
 * operator at all and so serves `json`, `point` and `xml` too.
 */
export function isDistinct(column: ColumnCatalog, left: Raw, right: Raw): Raw {
  return hasExactEquality(column)
    ? fragment`${beneath(column, left)} IS DISTINCT FROM ${beneath(column, right)}`
    : imageIsDistinct(left, right);
}

/** The same by the values' images alone: of any type, and independent of the search_path where it is parsed. */
export function imageIsDistinct(left: Raw, right: Raw): Raw {
  return fragment`${image(left)} OPERATOR(pg_catalog.*<>) ${image(right)}`;
}

/**
 * The value as the type that has an `=` of its own in pg_catalog. `varchar` and domains borrow it from the type
 * beneath, and an operator of exactly their type, in any schema of the search_path, would be taken instead
 * (CVE-2018-1058); so would one of an enum, which is compared by its image for that reason.
 */
function beneath({ baseType, typeKind }: ColumnCatalog, value: Raw): Raw {
  if (baseType === "pg_catalog.varchar") return fragment`CAST(${value} AS pg_catalog.text)`;
  return typeKind === "domain" ? fragment`CAST(${value} AS ${raw(baseType)})` : value;
}

/** Without the cast PostgreSQL compares two ROW constructors member by member, by the members' own operators. */
function image(value: Raw): Raw {
  return fragment`CAST(ROW(${value}) AS record)`;
}
