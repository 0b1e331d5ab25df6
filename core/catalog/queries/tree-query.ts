import { sql, type Statement } from "../../sql/statement.ts";
import { documents } from "./documents.ts";
import { RELATION_KIND_SQL } from "./relation-kind-sql.ts";

/** The relation and every partition below it, the relation first. Reads `pg_inherits` alone, and so takes no lock. */
export function treeQuery(relation: string): Statement {
  return documents(sql`
    WITH RECURSIVE tree AS (
      SELECT CAST(${relation} AS oid) AS oid, 0 AS level
      UNION ALL
      SELECT i.inhrelid, tree.level + 1
      FROM tree
      JOIN pg_catalog.pg_inherits i ON i.inhparent = tree.oid
      JOIN pg_catalog.pg_class p ON p.oid = i.inhrelid AND p.relispartition
    )
    SELECT jsonb_build_object(
      'oid', CAST(c.oid AS text), 'schema', n.nspname, 'name', c.relname, 'kind', ${RELATION_KIND_SQL})
    FROM tree
    JOIN pg_catalog.pg_class c ON c.oid = tree.oid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    ORDER BY tree.level, n.nspname COLLATE "C", c.relname COLLATE "C"`);
}
