import { GateFailed, UndoRefused } from "../../errors.ts";
import { isSyncTriggerSql } from "../../operations/toolkit/sync-names.ts";
import type { Plan } from "../../plan/plan.ts";
import type { Session } from "../../ports.ts";
import { raw, sql } from "../../sql/statement.ts";

/**
 * Finds what depends on a mirror and was not made by the plan: contract drops the mirror, and `DROP COLUMN` takes
 * indexes and constraints along without a word, while a view makes it fail after the claim
 * (https://www.postgresql.org/docs/17/sql-altertable.html). What depends on the old column stays, under its new name.
 *
 * @throws GateFailed that names each.
 */
export async function requireNoLateDependents(session: Session, plan: Plan): Promise<void> {
  for (const mirror of plan.mirrors) {
    const late = await dependents(session, plan, mirror);
    if (late.length === 0) continue;
    throw new GateFailed({
      object: mirrorObject(plan, mirror),
      problem: `has dependents that the plan did not make, and that would go with the mirror or stop its drop: ${late.join(", ")}`,
      remedy:
        "Nothing was dropped. Drop them, and create them again after contract, when the column itself has the name; then start the migration again",
    });
  }
}

/**
 * The same before an undo drops the mirror.
 *
 * @throws UndoRefused that names each.
 */
export async function requireNoNewDependents(session: Session, plan: Plan): Promise<void> {
  for (const mirror of plan.mirrors) {
    const others = await dependents(session, plan, mirror);
    if (others.length === 0) continue;
    throw new UndoRefused({
      object: mirrorObject(plan, mirror),
      problem: `has dependents that the plan did not make, and that would go with it or stop its drop: ${others.join(", ")}`,
      remedy: "Nothing was dropped. Drop them or move them to the old column, then start the undo again",
    });
  }
}

type Mirror = Plan["mirrors"][number];

function mirrorObject({ table }: Plan, { column }: Mirror): string {
  return `column "${table.schema}.${table.name}.${column}"`;
}

/** As PostgreSQL names them: `index crm.contacts_source_idx`. Of the table and of every partition. */
async function dependents(session: Session, { table }: Plan, { column, indexes }: Mirror): Promise<readonly string[]> {
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
    WHERE NOT coalesce(${isSyncTriggerSql(raw("t.tgname"))}, false)
      AND NOT coalesce(i.relname IN (SELECT jsonb_array_elements_text(CAST(${JSON.stringify(indexes)} AS jsonb))), false)
    ORDER BY dependent`);
  return rows.map((row) => String(row["dependent"]));
}
