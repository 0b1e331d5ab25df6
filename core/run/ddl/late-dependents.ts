import { messageName } from "../../sql/message-name.ts";
import { GateFailed, UndoRefused } from "../../errors.ts";
import { SYNC_TRIGGER_PREFIX } from "../../operations/sync-names.ts";
import type { Plan } from "../../plan/plan.ts";
import type { Session } from "../../ports.ts";
import { sql } from "../../sql/statement.ts";

/**
 * Looks for what came to depend on the old column after the plan was made. `DROP COLUMN` takes indexes and
 * constraints along without a word, and a view makes it fail when the way back is gone already
 * (https://www.postgresql.org/docs/17/sql-altertable.html). The plan knows of the column's default, of the indexes
 * that it built again, and of the sync triggers; everything else is news.
 *
 * @throws GateFailed that names each.
 */
export async function requireNoLateDependents(session: Session, plan: Plan): Promise<void> {
  const { column, indexes } = plan.removes;
  const late = await dependents(session, plan, { column, indexes });
  if (late.length === 0) return;
  throw new GateFailed({
    object: `column ${messageName(plan.table.schema, plan.table.name, column)}`,
    problem: `has dependents that came after the plan was made, and that would go with it or stop its drop: ${late.join(", ")}`,
    remedy: "Nothing was dropped. Move them to the new column or drop them, then start the migration again",
  });
}

/**
 * The same of the new column, before an undo drops it: what the plan did not make there is somebody else's.
 *
 * @throws UndoRefused that names each.
 */
export async function requireNoNewDependents(session: Session, plan: Plan): Promise<void> {
  const column = plan.adds.column;
  const indexes = plan.indexes.flatMap(({ index }) => (index ? [index.name] : []));
  const others = await dependents(session, plan, { column, indexes });
  if (others.length === 0) return;
  throw new UndoRefused({
    object: `column ${messageName(plan.table.schema, plan.table.name, column)}`,
    problem: `has dependents that the plan did not make, and that would go with it or stop its drop: ${others.join(", ")}`,
    remedy: "Nothing was dropped. Drop them or move them to the old column, then start the undo again",
  });
}

interface KnownDependents {
  readonly column: string;
  /** Names of the indexes that may go with it. */
  readonly indexes: readonly string[];
}

/** As PostgreSQL names them: `index crm.contacts_source_idx`. Of the table and of every partition. */
async function dependents(
  session: Session,
  { table }: Plan,
  { column, indexes }: KnownDependents,
): Promise<readonly string[]> {
  const rows = await session.execute(sql`
    WITH root AS (
      SELECT c.oid FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
      WHERE n.nspname = ${table.schema} AND c.relname = ${table.name}
    ), relation AS (
      SELECT oid FROM root UNION SELECT p.relid FROM root, LATERAL pg_partition_tree(root.oid) AS p
    )
    SELECT DISTINCT o.type || ' ' || o.identity AS dependent
    FROM relation AS r
      JOIN pg_attribute AS a ON a.attrelid = r.oid AND a.attname = ${column} AND NOT a.attisdropped
      JOIN pg_depend AS d ON d.refclassid = CAST('pg_class' AS regclass) AND d.refobjid = r.oid AND d.refobjsubid = a.attnum
      CROSS JOIN LATERAL pg_identify_object(d.classid, d.objid, d.objsubid) AS o
      LEFT JOIN pg_class AS i ON d.classid = CAST('pg_class' AS regclass) AND i.oid = d.objid AND i.relkind IN ('i', 'I')
      LEFT JOIN pg_trigger AS t ON d.classid = CAST('pg_trigger' AS regclass) AND t.oid = d.objid
    WHERE NOT (d.classid = CAST('pg_attrdef' AS regclass) AND d.deptype = 'a')
      AND NOT coalesce(starts_with(t.tgname, ${SYNC_TRIGGER_PREFIX}), false)
      AND NOT coalesce(i.relname IN (SELECT jsonb_array_elements_text(CAST(${JSON.stringify(indexes)} AS jsonb))), false)
    ORDER BY dependent`);
  return rows.map((row) => String(row["dependent"]));
}
