import { raw, sql, type Raw, type Statement } from "../../sql/statement.ts";
import { documents } from "./documents.ts";
import { partitionSql } from "./partition-sql.ts";
import type { RelationTree } from "./relation-tree.ts";

/** One document an index: the relation's, and of its partitions those that hang under no index of the relation. */
export function indexesQuery({ root, members }: RelationTree): Statement {
  return documents(sql`
    SELECT jsonb_strip_nulls(jsonb_build_object(
      'schema', n.nspname,
      'name', c.relname,
      'definition', pg_get_indexdef(i.indexrelid),
      'method', m.amname,
      'unique', i.indisunique,
      'primary', i.indisprimary,
      'valid', i.indisvalid,
      'partition', ${partitionSql("i.indrelid", "root.oid")},
      'nullsNotDistinct', COALESCE(CAST(to_jsonb(i) ->> 'indnullsnotdistinct' AS boolean), false),
      'deferrable', CASE WHEN NOT i.indimmediate THEN true END,
      'constraint', (
        SELECT k.conname FROM pg_catalog.pg_constraint k
        WHERE k.conindid = i.indexrelid AND k.conrelid = i.indrelid AND k.contype IN ('p', 'u', 'x')),
      'predicate', CASE WHEN i.indpred IS NOT NULL THEN jsonb_build_object(
        'expression', pg_get_expr(i.indpred, i.indrelid),
        'columns', ${columnsOf("i.indpred")}) END,
      'options', COALESCE(to_jsonb(c.reloptions), '[]'),
      'keys', ${KEYS},
      'include', ${INCLUDE}))
    FROM (SELECT CAST(${root} AS oid) AS oid) root
    JOIN pg_catalog.pg_index i ON i.indrelid = ANY(CAST(${members} AS oid[]))
    JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_am m ON m.oid = c.relam
    WHERE i.indrelid = root.oid
      OR NOT EXISTS (SELECT FROM pg_catalog.pg_inherits h WHERE h.inhrelid = i.indexrelid)
    ORDER BY i.indrelid <> root.oid, n.nspname COLLATE "C", c.relname COLLATE "C"`);
}

/**
 * The columns that a stored expression reads, by name, whole-row references counting as all. From the expression's own
 * text: `pg_depend` does not tell an index's keys, expressions and predicate apart.
 */
function columnsOf(expression: string): Raw {
  return raw(`(
        SELECT COALESCE(jsonb_agg(DISTINCT a.attname), '[]')
        FROM regexp_matches(CAST(${expression} AS text), 'varattno (-?[0-9]+)', 'g') variable
        JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum > 0 AND NOT a.attisdropped
          AND CAST(variable[1] AS integer) IN (0, a.attnum))`);
}

/** An operator class is the default one of its input type, which is the key's, beneath it, or a polymorphic one. */
const DEFAULT_OPERATOR_CLASS = raw(`(o.opcdefault AND EXISTS (
              SELECT FROM pg_catalog.pg_type t, pg_catalog.pg_type input
              WHERE t.oid = COALESCE(a.atttypid, own.atttypid) AND input.oid = o.opcintype
                AND (input.oid IN (t.oid, t.typbasetype) OR input.typtype = 'p'
                  OR (t.typname, input.typname) IN (('varchar', 'text'), ('cidr', 'inet')))))`);

const KEYS = raw(`(
        SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
          'column', a.attname,
          'expression', CASE WHEN a.attname IS NULL THEN pg_get_indexdef(i.indexrelid, slot.number, false) END,
          'expressionColumns', CASE WHEN a.attname IS NULL THEN ${columnsOf("i.indexprs").text} ELSE '[]' END,
          'operatorClass', CASE WHEN NOT ${DEFAULT_OPERATOR_CLASS.text}
            THEN jsonb_build_object('schema', os.nspname, 'name', o.opcname) END,
          'operatorClassOptions', to_jsonb(own.attoptions),
          'collation', CASE WHEN i.indcollation[slot.number - 1] <> a.attcollation
            THEN jsonb_build_object('schema', ls.nspname, 'name', l.collname) END,
          'descending', i.indoption[slot.number - 1] & 1 = 1,
          'nullsFirst', i.indoption[slot.number - 1] & 2 = 2)) ORDER BY slot.number)
        FROM generate_series(1, CAST(i.indnkeyatts AS integer)) slot(number)
        JOIN pg_catalog.pg_attribute own ON own.attrelid = i.indexrelid AND own.attnum = slot.number
        JOIN pg_catalog.pg_opclass o ON o.oid = i.indclass[slot.number - 1]
        JOIN pg_catalog.pg_namespace os ON os.oid = o.opcnamespace
        LEFT JOIN pg_catalog.pg_attribute a
          ON a.attrelid = i.indrelid AND a.attnum = i.indkey[slot.number - 1] AND a.attnum <> 0
        LEFT JOIN pg_catalog.pg_collation l ON l.oid = i.indcollation[slot.number - 1]
        LEFT JOIN pg_catalog.pg_namespace ls ON ls.oid = l.collnamespace)`);

const INCLUDE = raw(`(
        SELECT COALESCE(jsonb_agg(a.attname ORDER BY slot.number), '[]')
        FROM generate_series(i.indnkeyatts + 1, CAST(i.indnatts AS integer)) slot(number)
        JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[slot.number - 1])`);
