import { literal } from "../../sql/identifier.ts";
import { fragment, join, name, raw, type Raw } from "../../sql/statement.ts";
import type { ColumnPair } from "./column-pair.ts";

/** Qualified names, without quotes, of the functions that `CREATE OR REPLACE FUNCTION` statements define. */
export function replacedFunctions(statements: readonly string[]): ReadonlySet<string> {
  return new Set(
    statements.flatMap((statement) => {
      const [, written] = /^\s*CREATE\s+OR\s+REPLACE\s+FUNCTION\s+([^\s(]+)/i.exec(statement) ?? [];
      return written === undefined ? [] : [unquoted(written)];
    }),
  );
}

export const unquoted = (qualified: string): string => qualified.replaceAll('"', "");

/**
 * Trigger functions of the table that read or write `NEW` or `OLD` by the old name, and are not replaced: PostgreSQL
 * ties no column to a function's text, so every write would fail after the rename. A function that came after preflight
 * is found here.
 */
export function functionsByName({ table, column }: ColumnPair, replaced: ReadonlySet<string>): Raw {
  const root = raw(literal(name(table.schema, table.name).text));
  const escaped = column.name.replaceAll(/[\][.*+?^$|(){}\\]/g, String.raw`\$&`);
  const pattern = raw(literal(String.raw`\m(new|old)\s*\.\s*("${escaped.replaceAll('"', '""')}"|${escaped}\M)`));
  const known = join([raw("''"), ...[...replaced].map((each) => raw(literal(each)))]);
  return fragment`SELECT DISTINCT format('trigger %I runs function %s, which names the column in its text', t.tgname, f.name) AS problem
FROM pg_trigger AS t JOIN LATERAL (
    SELECT format('%I.%I', n.nspname, p.proname) AS name, n.nspname || '.' || p.proname AS plain, p.prosrc
    FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace WHERE p.oid = t.tgfoid) AS f ON true
WHERE t.tgrelid IN (
    SELECT to_regclass(${root}) UNION SELECT p.relid FROM pg_partition_tree(to_regclass(${root})) AS p)
  AND NOT t.tgisinternal AND t.tgenabled <> 'D' AND f.plain NOT IN (${known})
  AND NOT (f.plain LIKE 'sluice.%') AND f.prosrc ~* ${pattern}`;
}
