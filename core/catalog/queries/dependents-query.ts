import { raw, sql, type Statement } from "../../sql/statement.ts";
import { documents } from "./documents.ts";
import type { RelationTree } from "./relation-tree.ts";

/**
 * One document a dependent, from `pg_depend` where PostgreSQL records single columns. What it records for the table
 * as a whole has no columns, unless it takes whole rows or is a rule of the table itself: those name every column.
 */
export function dependentsQuery({ members }: RelationTree): Statement {
  return documents(sql`
    WITH member AS MATERIALIZED (
      SELECT c.oid, n.nspname, c.relname, c.reltype, y.typarray
      FROM pg_catalog.pg_class c
      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      LEFT JOIN pg_catalog.pg_type y ON y.oid = c.reltype
      WHERE c.oid = ANY(CAST(${members} AS oid[]))
    ), attribute AS (
      SELECT a.attrelid, a.attnum, a.attname, a.attgenerated
      FROM pg_catalog.pg_attribute a
      JOIN member m ON m.oid = a.attrelid
      WHERE a.attnum > 0 AND NOT a.attisdropped
    ), dependency AS MATERIALIZED (
      SELECT d.classid, d.objid, d.objsubid, m.oid AS relation, m.reltype, a.attname AS "column"
      FROM pg_catalog.pg_depend d
      JOIN member m ON m.oid = d.refobjid
      LEFT JOIN attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
      WHERE d.refclassid = CAST('pg_catalog.pg_class' AS regclass) AND d.deptype <> 'i'
    ), dependent(kind, name, "column") AS (
      ${REWRITES}
      UNION ALL ${POLICIES}
      UNION ALL ${GENERATED}
      UNION ALL ${PUBLICATIONS}
      UNION ALL ${STATISTICS}
      UNION ALL ${FUNCTIONS}
      UNION ALL ${OTHERS}
    )
    SELECT jsonb_build_object(
      'kind', e.kind,
      'name', e.name,
      'columns', COALESCE(jsonb_agg(DISTINCT e."column") FILTER (WHERE e."column" IS NOT NULL), '[]'))
    FROM dependent e
    GROUP BY e.kind, e.name
    ORDER BY e.kind COLLATE "C", e.name COLLATE "C"`);
}

/** Views are rules named `_RETURN`. A whole row in a stored query is a variable of number 0 and of the row's type. */
const REWRITES = raw(`SELECT
        CASE WHEN r.rulename <> '_RETURN' THEN 'rule' WHEN c.relkind = 'm' THEN 'materialized view' ELSE 'view' END,
        CASE WHEN r.rulename <> '_RETURN' THEN quote_ident(r.rulename) || ' on ' ELSE '' END
          || format('%I.%I', n.nspname, c.relname),
        COALESCE(d."column", a.attname)
      FROM dependency d
      JOIN pg_catalog.pg_rewrite r ON d.classid = CAST('pg_catalog.pg_rewrite' AS regclass) AND r.oid = d.objid
      JOIN pg_catalog.pg_class c ON c.oid = r.ev_class
      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      LEFT JOIN attribute a ON d."column" IS NULL AND a.attrelid = d.relation
        AND (r.ev_class = d.relation OR CAST(r.ev_action AS text) ~ ('varattno 0 .vartype ' || d.reltype || ' '))`);

const POLICIES =
  raw(`SELECT 'policy', quote_ident(p.polname) || ' on ' || format('%I.%I', m.nspname, m.relname), d."column"
      FROM dependency d
      JOIN pg_catalog.pg_policy p ON d.classid = CAST('pg_catalog.pg_policy' AS regclass) AND p.oid = d.objid
      JOIN member m ON m.oid = p.polrelid`);

/** Up to PostgreSQL 14 it is the generated column that depends on the others, since 15 its expression. */
const GENERATED = raw(`SELECT 'generated column', format('%I.%I.%I', m.nspname, m.relname, g.attname), d."column"
      FROM dependency d
      LEFT JOIN pg_catalog.pg_attrdef f ON d.classid = CAST('pg_catalog.pg_attrdef' AS regclass) AND f.oid = d.objid
      JOIN attribute g ON g.attgenerated <> '' AND g.attname <> d."column" AND g.attrelid = d.relation
        AND (g.attnum = f.adnum
          OR (d.classid = CAST('pg_catalog.pg_class' AS regclass) AND d.objid = d.relation AND g.attnum = d.objsubid))
      JOIN member m ON m.oid = g.attrelid`);

const PUBLICATIONS = raw(`SELECT 'publication', quote_ident(p.pubname), d."column"
      FROM dependency d
      JOIN pg_catalog.pg_publication_rel l
        ON d.classid = CAST('pg_catalog.pg_publication_rel' AS regclass) AND l.oid = d.objid
      JOIN pg_catalog.pg_publication p ON p.oid = l.prpubid
      UNION ALL
      SELECT 'publication', quote_ident(t.pubname), NULL
      FROM member m
      JOIN pg_catalog.pg_publication_tables t ON t.schemaname = m.nspname AND t.tablename = m.relname`);

const STATISTICS = raw(`SELECT 'statistics', format('%I.%I', n.nspname, s.stxname), d."column"
      FROM dependency d
      JOIN pg_catalog.pg_statistic_ext s
        ON d.classid = CAST('pg_catalog.pg_statistic_ext' AS regclass) AND s.oid = d.objid
      JOIN pg_catalog.pg_namespace n ON n.oid = s.stxnamespace`);

/** By its body (`BEGIN ATOMIC`), or by an argument or result of the table's row type. */
const FUNCTIONS = raw(`SELECT 'function', CAST(CAST(d.objid AS regprocedure) AS text), COALESCE(d."column", a.attname)
      FROM dependency d
      JOIN pg_catalog.pg_proc f ON d.classid = CAST('pg_catalog.pg_proc' AS regclass) AND f.oid = d.objid
      LEFT JOIN attribute a ON d."column" IS NULL AND a.attrelid = d.relation
        AND CAST(f.prosqlbody AS text) ~ ('varattno 0 .vartype ' || d.reltype || ' ')
      UNION ALL
      SELECT 'function', CAST(CAST(d.objid AS regprocedure) AS text), NULL
      FROM member m
      JOIN pg_catalog.pg_depend d ON d.refclassid = CAST('pg_catalog.pg_type' AS regclass)
        AND d.refobjid IN (m.reltype, m.typarray) AND d.classid = CAST('pg_catalog.pg_proc' AS regclass)`);

/** Whatever else names a column and is described by no other part of the catalog: an owned sequence, an extension's. */
const OTHERS = raw(`SELECT 'other', pg_describe_object(d.classid, d.objid, d.objsubid), d."column"
      FROM dependency d
      LEFT JOIN pg_catalog.pg_class c ON d.classid = CAST('pg_catalog.pg_class' AS regclass) AND c.oid = d.objid
      WHERE d."column" IS NOT NULL AND COALESCE(c.relkind = 'S', true)
        AND d.classid NOT IN (
          CAST('pg_catalog.pg_rewrite' AS regclass), CAST('pg_catalog.pg_policy' AS regclass),
          CAST('pg_catalog.pg_attrdef' AS regclass), CAST('pg_catalog.pg_publication_rel' AS regclass),
          CAST('pg_catalog.pg_statistic_ext' AS regclass), CAST('pg_catalog.pg_proc' AS regclass),
          CAST('pg_catalog.pg_constraint' AS regclass), CAST('pg_catalog.pg_trigger' AS regclass))`);
