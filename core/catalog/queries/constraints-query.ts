import { sql, type Statement } from "../../sql/statement.ts";
import { documents } from "./documents.ts";
import { columnNamesSql, partitionSql } from "./partition-sql.ts";
import type { RelationTree } from "./relation-tree.ts";

/**
 * One document a constraint: the relation's own, those of its partitions that come from no table above, and the
 * foreign keys of other tables that refer to any of them. What PostgreSQL cloned for each partition is left out.
 */
export function constraintsQuery({ root, members }: RelationTree): Statement {
  return documents(sql`
    SELECT jsonb_strip_nulls(jsonb_build_object(
      'name', k.conname,
      'kind', CASE k.contype
        WHEN 'c' THEN 'check' WHEN 'f' THEN 'foreign key' WHEN 'p' THEN 'primary key' WHEN 'u' THEN 'unique'
        WHEN 'x' THEN 'exclusion' WHEN 'n' THEN 'not null' ELSE 'trigger' END,
      'columns', CASE WHEN side.referring THEN ${columnNamesSql("k.confrelid", "k.confkey")}
        ELSE ${columnNamesSql("k.conrelid", "k.conkey")} END,
      'definition', pg_get_constraintdef(k.oid),
      'partition', CASE WHEN side.referring THEN ${partitionSql("k.confrelid", "root.oid")}
        ELSE ${partitionSql("k.conrelid", "root.oid")} END,
      'referencedBy', CASE WHEN side.referring THEN format('%I.%I', n.nspname, c.relname) END))
    FROM (SELECT CAST(${root} AS oid) AS oid, CAST(${members} AS oid[]) AS members) root
    CROSS JOIN (VALUES (false), (true)) side(referring)
    JOIN pg_catalog.pg_constraint k ON CASE
      WHEN side.referring THEN k.contype = 'f' AND k.confrelid = ANY(root.members) AND k.conparentid = 0
      ELSE k.conrelid = ANY(root.members) AND (k.conrelid = root.oid OR (k.conparentid = 0 AND k.coninhcount = 0)) END
    JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    ORDER BY side.referring, k.conrelid <> root.oid, n.nspname COLLATE "C", c.relname COLLATE "C", k.conname COLLATE "C"`);
}
