import type { Statement } from "../../sql/statement.ts";

/**
 * Wraps a query of one `jsonb` column: one row, one document as text. A row for each object rather than one array
 * for all, since the Data API refuses a row of more than 64 KB.
 *
 * PostgreSQL prints types, defaults and definitions as the present search_path sees them: `citext` or
 * `public.citext`. The statement sets a search_path of its own first, as pg_dump does, so that every text is
 * qualified and may stand in DDL anywhere. It is local to the transaction; CASE fixes the order of evaluation
 * (https://www.postgresql.org/docs/17/sql-expressions.html#SYNTAX-EXPRESS-EVAL).
 *
 * No colon may stand in a query but a parameter's: the Data API reads `:name`.
 */
export function documents({ text, parameters }: Statement): Statement {
  return {
    text: `SELECT CAST(document AS text) AS document
FROM unnest(
  CASE WHEN pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true) IS NOT NULL THEN ARRAY(
${text}
  ) END
) AS document`,
    parameters,
  };
}
