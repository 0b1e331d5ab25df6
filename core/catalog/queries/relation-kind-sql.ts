import { raw } from "../../sql/statement.ts";

/** `pg_class.relkind` of the alias `c` as a {@link RelationKind}. */
export const RELATION_KIND_SQL = raw(`CASE c.relkind
      WHEN 'r' THEN 'table'
      WHEN 'p' THEN 'partitioned table'
      WHEN 'v' THEN 'view'
      WHEN 'm' THEN 'materialized view'
      WHEN 'f' THEN 'foreign table'
      WHEN 'S' THEN 'sequence'
      WHEN 'c' THEN 'composite type'
      ELSE 'index'
    END`);
