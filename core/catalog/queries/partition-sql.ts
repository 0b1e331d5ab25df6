import { raw, type Raw } from "../../sql/statement.ts";

/** `schema.name` of the partition that an object is on; null for the table itself. Both arguments are columns. */
export function partitionSql(relation: string, root: string): Raw {
  return raw(`(
        SELECT format('%I.%I', n.nspname, c.relname)
        FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE c.oid = ${relation} AND c.oid <> ${root})`);
}

/** A JSON array of the names of the columns whose numbers stand in `numbers`, in that order. */
export function columnNamesSql(relation: string, numbers: string): Raw {
  return raw(`(
        SELECT COALESCE(jsonb_agg(a.attname ORDER BY number.at), '[]')
        FROM unnest(CAST(${numbers} AS smallint[])) WITH ORDINALITY number(attnum, at)
        JOIN pg_catalog.pg_attribute a ON a.attrelid = ${relation} AND a.attnum = number.attnum)`);
}
