import { raw, sql, type Statement } from "../../sql/statement.ts";
import { documents } from "./documents.ts";
import { columnNamesSql, partitionSql } from "./partition-sql.ts";
import type { RelationTree } from "./relation-tree.ts";

/** One document a user trigger, in the order of the names' bytes, which is the order in which PostgreSQL fires them. */
export function triggersQuery({ root, members }: RelationTree): Statement {
  // The bits of tgtype are those of PostgreSQL's catalog/pg_trigger.h.
  return documents(sql`
    SELECT jsonb_strip_nulls(jsonb_build_object(
      'name', g.tgname,
      'timing', CASE WHEN g.tgtype & 64 <> 0 THEN 'instead of' WHEN g.tgtype & 2 <> 0 THEN 'before' ELSE 'after' END,
      'level', CASE WHEN g.tgtype & 1 <> 0 THEN 'row' ELSE 'statement' END,
      'events', (
        SELECT jsonb_agg(event.name ORDER BY event.bit)
        FROM (VALUES (4, 'insert'), (16, 'update'), (8, 'delete'), (32, 'truncate')) event(bit, name)
        WHERE g.tgtype & event.bit <> 0),
      'enabled', CASE g.tgenabled
        WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'replica' WHEN 'A' THEN 'always' ELSE 'origin' END,
      'function', format('%I.%I', n.nspname, f.proname),
      'definition', pg_get_triggerdef(g.oid),
      'updateOf', ${columnNamesSql("g.tgrelid", "string_to_array(CAST(g.tgattr AS text), ' ')")},
      'columns', (
        SELECT COALESCE(jsonb_agg(DISTINCT a.attname), '[]')
        FROM pg_catalog.pg_depend d
        JOIN pg_catalog.pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
        WHERE d.classid = CAST('pg_catalog.pg_trigger' AS regclass) AND d.objid = g.oid
          AND d.refclassid = CAST('pg_catalog.pg_class' AS regclass)
          AND d.refobjid = g.tgrelid AND d.refobjsubid > 0),
      'functionColumns', ${FUNCTION_COLUMNS},
      'partition', ${partitionSql("g.tgrelid", "root.oid")}))
    FROM (SELECT CAST(${root} AS oid) AS oid) root
    JOIN pg_catalog.pg_trigger g ON g.tgrelid = ANY(CAST(${members} AS oid[]))
      AND NOT g.tgisinternal AND (g.tgparentid = 0 OR g.tgrelid = root.oid)
    JOIN pg_catalog.pg_proc f ON f.oid = g.tgfoid
    JOIN pg_catalog.pg_namespace n ON n.oid = f.pronamespace
    ORDER BY g.tgrelid <> root.oid, g.tgname COLLATE "C", g.tgrelid`);
}

/**
 * `NEW.column` and `OLD.column`, with the column quoted or not, in any case of letters: PL/pgSQL's functions have no
 * dependencies in the catalog, so their text is all there is. What a function builds at run time stays unseen.
 */
const FUNCTION_COLUMNS = raw(String.raw`(
        SELECT COALESCE(jsonb_agg(a.attname ORDER BY a.attnum), '[]')
        FROM pg_catalog.pg_attribute a
        CROSS JOIN LATERAL (
          SELECT regexp_replace(a.attname, '([].*+?^$|(){}\\[])', '\\\1', 'g') AS pattern
        ) escaped
        WHERE a.attrelid = g.tgrelid AND a.attnum > 0 AND NOT a.attisdropped
          AND f.prosrc ~* ('\m(new|old)\s*\.\s*("' || replace(escaped.pattern, '"', '""') || '"|' || escaped.pattern || '\M)'))`);
