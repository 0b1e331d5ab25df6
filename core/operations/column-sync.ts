import type { ColumnCatalog } from "../catalog/catalog.ts";
import type { Precondition } from "../plan/plan.ts";
import { isNotDistinct, isDistinct } from "../sql/is-distinct.ts";
import { identifier, literal, objectName } from "../sql/identifier.ts";
import { fragment, join, name, raw, type Raw } from "../sql/statement.ts";
import { SYNC_TRIGGER_PREFIX } from "./sync-names.ts";

/** Two columns of one table that hold the same value. */
export interface ColumnPair {
  readonly table: { readonly schema: string; readonly name: string };
  /** The old column; the new one has its type and its default. */
  readonly column: ColumnCatalog;
  readonly to: string;
}

/**
 * Keeps two columns of a table equal, whichever of them a statement writes.
 *
 * Four BEFORE ROW triggers share two functions of one assignment each. The decision which side to copy stands in the
 * triggers' WHEN clauses: PostgreSQL keeps those parsed, so they do not depend on anybody's search_path, and a row
 * whose sides agree (every row that the backfill writes) never enters PL/pgSQL. Their names sort after every other
 * trigger's, so that they see what the table's own triggers made of the row.
 *
 * - INSERT: the new side is copied unless it holds what an insert that does not name it would give it (its default).
 * - UPDATE: the new side is copied if the statement changed it; otherwise the old side is. So a write of another
 *   column of a row that the backfill has not reached fills the new side, and never turns a value into NULL.
 *
 * They are ENABLE ALWAYS: a session in replica mode (logical replication, bulk loads) writes rows as well.
 */
export function syncTriggers(pair: ColumnPair): readonly string[] {
  const table = name(pair.table.schema, pair.table.name);
  return triggers(pair).flatMap(({ trigger, event, when, direction }) => [
    fragment`CREATE TRIGGER ${name(trigger)} BEFORE ${raw(event)} ON ${table} FOR EACH ROW WHEN (${when}) EXECUTE FUNCTION ${syncFunction(pair, direction)}()`
      .text,
    fragment`ALTER TABLE ${table} ENABLE ALWAYS TRIGGER ${name(trigger)}`.text,
  ]);
}

/** The two functions; nobody else may attach them to a table. */
export function syncFunctions(pair: ColumnPair): readonly string[] {
  return (["forward", "backward"] as const).flatMap((direction) => {
    const routine = syncFunction(pair, direction);
    const body = raw(literal(functionBody(pair, direction)));
    return [
      fragment`CREATE OR REPLACE FUNCTION ${routine}() RETURNS trigger LANGUAGE plpgsql AS ${body}`.text,
      fragment`REVOKE ALL ON FUNCTION ${routine}() FROM PUBLIC`.text,
    ];
  });
}

function functionBody(pair: ColumnPair, direction: Direction): string {
  const [target, source] = direction === "forward" ? [pair.to, pair.column.name] : [pair.column.name, pair.to];
  // `=` and a quoted body: the Data API reads `:name` as a parameter, and `:=` and `$$` invite a misreading.
  return `BEGIN NEW.${identifier(target)} = NEW.${identifier(source)}; RETURN NEW; END`;
}

/**
 * That each trigger of {@link syncTriggers} is there, on the table and on every partition, fires in every session and
 * calls its function as {@link syncFunctions} made it. As long as that is so, no write can have set the sides apart.
 *
 * The lock keeps everybody's DDL on triggers and partitions out, and no reader or writer: they wait for the step's own
 * lock alone, not for this question.
 */
export function syncIntact(pair: ColumnPair): Precondition {
  const table = name(pair.table.schema, pair.table.name);
  const wanted = triggers(pair).map(({ trigger, direction }) => {
    const constants = [trigger, functionName(pair, direction), functionBody(pair, direction)];
    return raw(`(${constants.map(literal).join(", ")})`);
  });
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
export function dropSyncTriggers(pair: ColumnPair, ifExists = false): readonly string[] {
  const table = name(pair.table.schema, pair.table.name);
  return triggers(pair).map(
    ({ trigger }) => fragment`DROP TRIGGER ${raw(ifExists ? "IF EXISTS " : "")}${name(trigger)} ON ${table}`.text,
  );
}

/** Removes what {@link syncFunctions} made. */
export function dropSyncFunctions(pair: ColumnPair): readonly string[] {
  return (["forward", "backward"] as const).map(
    (direction) => fragment`DROP FUNCTION IF EXISTS ${syncFunction(pair, direction)}()`.text,
  );
}

type Direction = "forward" | "backward";

interface SyncTrigger {
  readonly trigger: string;
  readonly event: "INSERT" | "UPDATE";
  readonly when: Raw;
  readonly direction: Direction;
}

function triggers(pair: ColumnPair): readonly SyncTrigger[] {
  const { column } = pair;
  const [newOld, newNew, oldNew] = [
    fragment`NEW.${name(column.name)}`,
    fragment`NEW.${name(pair.to)}`,
    fragment`OLD.${name(pair.to)}`,
  ];
  const apart = isDistinct(column, newNew, newOld);
  const unwritten = raw(
    column.default === undefined ? `CAST(NULL AS ${column.type})` : `CAST((${column.default}) AS ${column.type})`,
  );
  return [
    trigger(pair, {
      event: "INSERT",
      direction: "forward",
      when: fragment`${apart} AND ${isNotDistinct(column, newNew, unwritten)}`,
    }),
    trigger(pair, {
      event: "INSERT",
      direction: "backward",
      when: fragment`${apart} AND ${isDistinct(column, newNew, unwritten)}`,
    }),
    trigger(pair, {
      event: "UPDATE",
      direction: "forward",
      when: fragment`${apart} AND ${isNotDistinct(column, newNew, oldNew)}`,
    }),
    trigger(pair, {
      event: "UPDATE",
      direction: "backward",
      when: fragment`${apart} AND ${isDistinct(column, newNew, oldNew)}`,
    }),
  ];
}

function trigger(pair: ColumnPair, reaction: Omit<SyncTrigger, "trigger">): SyncTrigger {
  const label = `${reaction.event.toLowerCase()}_${reaction.direction}`;
  // The label stands before the columns' names, so that a name that is too long is cut behind it.
  return { trigger: objectName(`${SYNC_TRIGGER_PREFIX}${label}`, pair.column.name, pair.to), ...reaction };
}

function syncFunction(pair: ColumnPair, direction: Direction): Raw {
  return name("sluice", functionName(pair, direction));
}

function functionName({ table, column, to }: ColumnPair, direction: Direction): string {
  return objectName(direction, table.schema, table.name, column.name, to);
}
