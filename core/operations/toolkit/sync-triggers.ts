import type { Precondition } from "../../plan/plan.ts";
import { imageIsDistinct, isDistinct } from "../../sql/is-distinct.ts";
import { identifier, literal, objectName } from "../../sql/identifier.ts";
import { fragment, join, name, raw, type Raw } from "../../sql/statement.ts";
import type { ColumnPair } from "./column-pair.ts";
import { SYNC_TRIGGERS } from "./sync-names.ts";

/** The pairs of one table: they share one set of triggers. */
export interface TablePairs {
  readonly table: { readonly schema: string; readonly name: string };
  /** At least one. */
  readonly pairs: readonly ColumnPair[];
}

/**
 * Keeps the two columns of each pair equal, whichever of them a statement writes.
 *
 * - The first triggers copy new to old where the statement wrote the new side: an insert that gives it a value, an
 *   update that changes it. So the table's own triggers, which name the old column, see what was written.
 * - The last ones copy old to new wherever the sides still differ: the statement, or a trigger of the table, wrote the
 *   old side, or the backfill has not reached the row. A write of another column never turns a value into NULL.
 *
 * Where both sides are written with different values, the new one counts. An insert cannot tell an explicit NULL on
 * the new side from a side that is not named, so the old column's default counts then.
 *
 * Which rows a trigger takes stands in its WHEN clause: PostgreSQL keeps it parsed, so that it does not depend on a
 * session's search_path, and a row whose sides are equal (every row that the backfill writes) never enters PL/pgSQL.
 *
 * They are ENABLE ALWAYS: a session in replica mode (logical replication, bulk loads) writes rows as well.
 */
export function syncTriggers(of: TablePairs): readonly string[] {
  const table = name(of.table.schema, of.table.name);
  return triggers(of).flatMap(({ trigger, event, when, routine }) => [
    fragment`CREATE TRIGGER ${name(trigger)} BEFORE ${raw(event)} ON ${table} FOR EACH ROW WHEN (${when}) EXECUTE FUNCTION ${name("sluice", routine)}()`
      .text,
    fragment`ALTER TABLE ${table} ENABLE ALWAYS TRIGGER ${name(trigger)}`.text,
  ]);
}

/** The functions of {@link syncTriggers}; no other role may attach them to a table. */
export function syncFunctions(of: TablePairs): readonly string[] {
  return functions(of).flatMap(([routine, body]) => [
    fragment`CREATE OR REPLACE FUNCTION ${name("sluice", routine)}() RETURNS trigger LANGUAGE plpgsql AS ${raw(literal(body))}`
      .text,
    fragment`REVOKE ALL ON FUNCTION ${name("sluice", routine)}() FROM PUBLIC`.text,
  ]);
}

/**
 * That each trigger of {@link syncTriggers} is there, on the table and on every partition, fires in every session and
 * calls its function as {@link syncFunctions} made it. As long as that is so, no write can have set the sides apart.
 *
 * The lock keeps all other DDL on triggers and partitions out, and no reader or writer: they wait for the step's own
 * lock alone, not for this query.
 */
export function syncIntact(of: TablePairs): Precondition {
  const table = name(of.table.schema, of.table.name);
  const wanted = triggers(of).map(({ trigger, routine, body }) =>
    raw(`(${[trigger, routine, body].map(literal).join(", ")})`),
  );
  return {
    lock: fragment`LOCK TABLE ${table} IN SHARE UPDATE EXCLUSIVE MODE`.text,
    query: fragment`WITH root AS (SELECT to_regclass(${raw(literal(table.text))}) AS oid),
  relation AS (SELECT oid FROM root UNION SELECT p.relid FROM root, LATERAL pg_partition_tree(root.oid) AS p),
  wanted (trigger, function, body) AS (VALUES ${join(wanted)})
SELECT format('trigger %I on %s %s', w.trigger, o.identity, CASE
    WHEN t.oid IS NULL THEN 'is missing'
    WHEN t.tgenabled = 'D' THEN 'is disabled'
    WHEN t.tgenabled <> 'A' THEN 'does not fire in every session any more'
    ELSE 'calls another function than it was made with' END) AS problem
FROM relation AS r CROSS JOIN wanted AS w
  CROSS JOIN LATERAL pg_identify_object(CAST('pg_class' AS regclass), r.oid, 0) AS o
  LEFT JOIN pg_trigger AS t ON t.tgrelid = r.oid AND t.tgname = w.trigger
  LEFT JOIN (pg_proc AS f JOIN pg_namespace AS n ON n.oid = f.pronamespace) ON f.oid = t.tgfoid
WHERE t.oid IS NULL OR t.tgenabled <> 'A'
  OR (CAST(n.nspname AS text), CAST(f.proname AS text), f.prosrc) IS DISTINCT FROM ('sluice', w.function, w.body)
ORDER BY problem`.text,
  };
}

/** Removes what {@link syncTriggers} made. */
export function dropSyncTriggers(of: TablePairs, ifExists = false): readonly string[] {
  const table = name(of.table.schema, of.table.name);
  return triggers(of).map(
    ({ trigger }) => fragment`DROP TRIGGER ${raw(ifExists ? "IF EXISTS " : "")}${name(trigger)} ON ${table}`.text,
  );
}

/** Removes what {@link syncFunctions} made. */
export function dropSyncFunctions(of: TablePairs): readonly string[] {
  return functions(of).map(([routine]) => fragment`DROP FUNCTION IF EXISTS ${name("sluice", routine)}()`.text);
}

/** Name and body of each function, once: the two last triggers share theirs. */
function functions(of: TablePairs): readonly (readonly [string, string])[] {
  return [...new Map(triggers(of).map(({ routine, body }) => [routine, body]))];
}

interface SyncTrigger {
  readonly trigger: string;
  readonly event: "INSERT" | "UPDATE";
  readonly when: Raw;
  /** The function, in schema sluice. */
  readonly routine: string;
  readonly body: string;
}

function triggers({ table, pairs }: TablePairs): readonly SyncTrigger[] {
  const routine = (label: string): string => objectName(label, table.schema, table.name);
  const any = (condition: (pair: ColumnPair) => Raw): Raw => join(pairs.map(condition), " OR ");
  const forEachPair = (assignment: (pair: ColumnPair) => string): string =>
    `BEGIN ${pairs.map(assignment).join(" ")} RETURN NEW; END`;
  const last = { when: any(apart), routine: routine("sync_last"), body: forEachPair(forward) };
  return [
    {
      trigger: SYNC_TRIGGERS.insertFirst,
      event: "INSERT",
      when: any((pair) => fragment`(${isGiven(pair)} AND ${apart(pair)})`),
      routine: routine("insert_first"),
      body: forEachPair((pair) => `IF ${isGiven(pair).text} THEN ${backward(pair)} END IF;`),
    },
    {
      trigger: SYNC_TRIGGERS.updateFirst,
      event: "UPDATE",
      when: any((pair) => fragment`(${isChanged(pair)} AND ${apart(pair)})`),
      routine: routine("update_first"),
      body: forEachPair(
        (pair) =>
          `IF ${imageIsDistinct(side("NEW", pair.to), side("OLD", pair.to)).text} THEN ${backward(pair)} END IF;`,
      ),
    },
    { trigger: SYNC_TRIGGERS.insertLast, event: "INSERT", ...last },
    { trigger: SYNC_TRIGGERS.updateLast, event: "UPDATE", ...last },
  ];
}

const side = (row: "NEW" | "OLD", column: string): Raw => fragment`${raw(row)}.${name(column)}`;

function apart({ column, to }: ColumnPair): Raw {
  return isDistinct(column, side("NEW", to), side("NEW", column.name));
}

/** Of a composite value with a null in it, `IS NOT NULL` is false; `IS DISTINCT FROM NULL` is not. */
function isGiven({ to }: ColumnPair): Raw {
  return fragment`${side("NEW", to)} IS DISTINCT FROM NULL`;
}

function isChanged({ column, to }: ColumnPair): Raw {
  return isDistinct(column, side("NEW", to), side("OLD", to));
}

// `=`, not `:=`: the Data API reads `:name` as a parameter.
const backward = ({ column, to }: ColumnPair): string => `NEW.${identifier(column.name)} = NEW.${identifier(to)};`;
const forward = ({ column, to }: ColumnPair): string => `NEW.${identifier(to)} = NEW.${identifier(column.name)};`;
