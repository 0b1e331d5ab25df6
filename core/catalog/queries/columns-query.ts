import { raw, sql, type Statement } from "../../sql/statement.ts";
import { documents } from "./documents.ts";
import type { RelationTree } from "./relation-tree.ts";

/** One document a column, in the table's order. */
export function columnsQuery({ root }: RelationTree): Statement {
  return documents(sql`
    SELECT jsonb_strip_nulls(jsonb_build_object(
      'name', a.attname,
      'type', format_type(a.atttypid, a.atttypmod),
      'baseType', domain.base_type,
      'typeKind', CASE t.typtype
        WHEN 'c' THEN 'composite' WHEN 'd' THEN 'domain' WHEN 'e' THEN 'enum'
        WHEN 'p' THEN 'pseudo' WHEN 'r' THEN 'range' WHEN 'm' THEN 'multirange' ELSE 'base' END,
      'hasEquality', ${HAS_EQUALITY},
      'notNull', a.attnotnull,
      'domainConstrained', domain.constrained,
      'underlyingType', COALESCE(domain.underlying_type, format_type(a.atttypid, a.atttypmod)),
      'storage', CASE WHEN a.attstorage <> t.typstorage THEN CASE a.attstorage
        WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL' WHEN 'x' THEN 'EXTENDED' ELSE 'MAIN' END END,
      'compression', CASE a.attcompression WHEN 'p' THEN 'pglz' WHEN 'l' THEN 'lz4' END,
      'statisticsTarget', NULLIF(CAST(a.attstattarget AS integer), -1),
      'options', to_jsonb(a.attoptions),
      'default', COALESCE(pg_get_expr(given.own, a.attrelid), pg_get_expr(given.of_domain, 0)),
      'defaultVolatile', ${DEFAULT_VOLATILE},
      'generated', a.attgenerated <> '',
      'identity', a.attidentity <> '',
      'collation', CASE WHEN a.attcollation <> t.typcollation
        THEN jsonb_build_object('schema', ln.nspname, 'name', l.collname) END,
      'collationDeterministic', COALESCE(l.collisdeterministic, true),
      'comment', col_description(a.attrelid, a.attnum),
      'grants', ${GRANTS}))
    FROM pg_catalog.pg_attribute a
    JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum AND a.attgenerated = ''
    LEFT JOIN pg_catalog.pg_collation l ON l.oid = a.attcollation
    LEFT JOIN pg_catalog.pg_namespace ln ON ln.oid = l.collnamespace
    CROSS JOIN LATERAL (
      SELECT d.adbin AS own,
        CASE WHEN d.adbin IS NULL AND a.attgenerated = '' AND a.attidentity = '' THEN t.typdefaultbin END AS of_domain
    ) given
    CROSS JOIN LATERAL ${DOMAIN} domain
    WHERE a.attrelid = CAST(${root} AS oid) AND a.attnum > 0 AND NOT a.attisdropped
    ORDER BY a.attnum`);
}

/** The type beneath any domains over the type `t`, and whether one of them has a NOT NULL or a CHECK. */
const DOMAIN = raw(`(
      WITH RECURSIVE chain AS (
        SELECT t.oid, t.typname, t.typnamespace, t.typtype, t.typbasetype, t.typnotnull, t.typtypmod, -1 AS modifier
        UNION ALL
        SELECT b.oid, b.typname, b.typnamespace, b.typtype, b.typbasetype, b.typnotnull, b.typtypmod, chain.typtypmod
        FROM chain JOIN pg_catalog.pg_type b ON b.oid = chain.typbasetype
        WHERE chain.typtype = 'd'
      )
      SELECT
        max(n.nspname || '.' || chain.typname) FILTER (WHERE chain.typtype <> 'd') AS base_type,
        max(format_type(chain.oid, chain.modifier)) FILTER (WHERE chain.typtype <> 'd' AND chain.oid <> t.oid)
          AS underlying_type,
        bool_or(chain.typtype = 'd' AND (chain.typnotnull OR EXISTS (
          SELECT FROM pg_catalog.pg_constraint k WHERE k.contypid = chain.oid))) AS constrained
      FROM chain JOIN pg_catalog.pg_namespace n ON n.oid = chain.typnamespace
    )`);

/**
 * Takes the type apart (domain, array, composite) and asks for a default operator class of every part. Enums and
 * ranges always have one; `varchar` has text's, by a cast that changes no bit.
 */
const HAS_EQUALITY = raw(`NOT EXISTS (
        WITH RECURSIVE part AS (
          SELECT a.atttypid AS oid
          UNION
          SELECT component.oid
          FROM part JOIN pg_catalog.pg_type p ON p.oid = part.oid
          CROSS JOIN LATERAL (
            SELECT p.typbasetype WHERE p.typtype = 'd'
            UNION ALL
            SELECT p.typelem WHERE p.typsubscript = CAST('pg_catalog.array_subscript_handler' AS regproc)
            UNION ALL
            SELECT f.atttypid FROM pg_catalog.pg_attribute f
            WHERE p.typtype = 'c' AND f.attrelid = p.typrelid AND f.attnum > 0 AND NOT f.attisdropped
          ) component(oid)
        )
        SELECT FROM part JOIN pg_catalog.pg_type p ON p.oid = part.oid
        WHERE p.typtype IN ('b', 'p')
          AND p.typsubscript <> CAST('pg_catalog.array_subscript_handler' AS regproc)
          AND NOT EXISTS (
            SELECT FROM pg_catalog.pg_opclass o
            JOIN pg_catalog.pg_am m ON m.oid = o.opcmethod AND m.amname IN ('btree', 'hash')
            WHERE o.opcdefault AND (o.opcintype = p.oid OR EXISTS (
              SELECT FROM pg_catalog.pg_cast s
              WHERE s.castsource = p.oid AND s.casttarget = o.opcintype
                AND s.castmethod = 'b' AND s.castcontext = 'i'))))`);

/**
 * Functions and operators are read from the stored expression: `pg_depend` leaves out those that come with
 * PostgreSQL, `nextval` and `random` among them.
 */
const DEFAULT_VOLATILE = raw(`EXISTS (
        SELECT FROM regexp_matches(
          CAST(COALESCE(given.own, given.of_domain) AS text), '(funcid|opno) ([0-9]+)', 'g') call
        LEFT JOIN pg_catalog.pg_operator o ON call[1] = 'opno' AND o.oid = CAST(call[2] AS oid)
        JOIN pg_catalog.pg_proc f ON f.oid = COALESCE(o.oprcode, CAST(call[2] AS oid)) AND f.provolatile = 'v')`);

/** Granted twice by different grantors is granted once. */
const GRANTS = raw(`(
        SELECT COALESCE(jsonb_agg(
          jsonb_build_object('grantee', g.grantee, 'privilege', g.privilege, 'grantable', g.grantable)
          ORDER BY g.grantee COLLATE "C", g.privilege COLLATE "C"), '[]')
        FROM (
          SELECT CASE e.grantee WHEN 0 THEN 'PUBLIC' ELSE CAST(pg_get_userbyid(e.grantee) AS text) END AS grantee,
            e.privilege_type AS privilege, bool_or(e.is_grantable) AS grantable
          FROM aclexplode(a.attacl) e GROUP BY 1, 2
        ) g)`);
