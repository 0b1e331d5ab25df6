import { sql, type Statement } from "../../sql/statement.ts";
import { documents } from "./documents.ts";
import type { RelationTree } from "./relation-tree.ts";

/**
 * One document: what `pg_class` says of the relation, with sums over its leaves. The columns of a partition key, plain
 * or in an expression, are the columns that depend internally on their own table.
 */
export function relationQuery({ root, members }: RelationTree): Statement {
  return documents(sql`
    WITH member AS MATERIALIZED (
      SELECT m.oid, m.relowner, m.reltuples, m.relam, m.relkind IN ('r', 'm') AS stored
      FROM pg_catalog.pg_class m WHERE m.oid = ANY(CAST(${members} AS oid[]))
    ), size AS (
      SELECT
        COALESCE(sum(greatest(CAST(m.reltuples AS float8), 0)), 0) AS rows,
        COALESCE(sum(pg_table_size(m.oid)), 0) AS bytes,
        COALESCE(sum(pg_relation_size(m.oid, 'main') / CAST(current_setting('block_size') AS bigint)), 0) AS blocks
      FROM member m WHERE m.stored
    )
    SELECT jsonb_build_object(
      'persistence', CASE c.relpersistence WHEN 'u' THEN 'unlogged' WHEN 't' THEN 'temporary' ELSE 'permanent' END,
      'owner', pg_get_userbyid(c.relowner),
      'roleOwns', (SELECT bool_and(pg_has_role(m.relowner, 'USAGE')) FROM member m),
      'mayCreateIndexes', has_schema_privilege(c.relnamespace, 'CREATE'),
      'accessMethods', (
        SELECT COALESCE(jsonb_agg(DISTINCT am.amname), '[]')
        FROM member m JOIN pg_catalog.pg_am am ON am.oid = m.relam WHERE m.stored),
      'typed', c.reloftype <> 0,
      'rows', CAST(size.rows AS bigint),
      'bytes', size.bytes,
      'blocks', size.blocks,
      'readers', (
        SELECT COALESCE(jsonb_agg(DISTINCT reader.name ORDER BY reader.name), '[]')
        FROM (
          SELECT acl.grantee, CASE acl.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(acl.grantee) END AS name
          FROM (
            SELECT c.relacl AS privileges
            UNION ALL
            SELECT a.attacl FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND NOT a.attisdropped
          ) granted, aclexplode(granted.privileges) acl
          WHERE acl.privilege_type = 'SELECT' AND acl.grantee <> c.relowner
        ) reader
        WHERE reader.name <> current_user),
      'rowSecurity', c.relrowsecurity,
      'rowSecurityActive', (SELECT bool_or(row_security_active(m.oid)) FROM member m),
      'parents', (
        SELECT COALESCE(jsonb_agg(format('%I.%I', n.nspname, p.relname) ORDER BY i.inhseqno), '[]')
        FROM pg_catalog.pg_inherits i
        JOIN pg_catalog.pg_class p ON p.oid = i.inhparent
        JOIN pg_catalog.pg_namespace n ON n.oid = p.relnamespace
        WHERE i.inhrelid = c.oid),
      'inheritanceChildren', (
        SELECT COALESCE(jsonb_agg(format('%I.%I', n.nspname, k.relname) ORDER BY n.nspname, k.relname), '[]')
        FROM pg_catalog.pg_inherits i
        JOIN pg_catalog.pg_class k ON k.oid = i.inhrelid AND NOT k.relispartition
        JOIN pg_catalog.pg_namespace n ON n.oid = k.relnamespace
        WHERE i.inhparent = c.oid),
      'partitionKeyColumns', (
        SELECT COALESCE(jsonb_agg(DISTINCT a.attname), '[]')
        FROM pg_catalog.pg_depend d
        JOIN member m ON m.oid = d.objid AND m.oid = d.refobjid
        JOIN pg_catalog.pg_attribute a ON a.attrelid = d.objid AND a.attnum = d.objsubid
        WHERE d.classid = CAST('pg_catalog.pg_class' AS regclass) AND d.refclassid = d.classid
          AND d.objsubid > 0 AND d.refobjsubid = 0 AND d.deptype = 'i'))
    FROM pg_catalog.pg_class c CROSS JOIN size
    WHERE c.oid = CAST(${root} AS oid)`);
}
