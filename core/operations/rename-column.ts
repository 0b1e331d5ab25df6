import type { ColumnCatalog } from "../catalog/catalog.ts";
import { NotFound } from "../errors.ts";
import type { Migration } from "../migration/schema.ts";
import { isDistinct } from "../sql/is-distinct.ts";
import { literal } from "../sql/identifier.ts";
import { fragment, name, raw, type Raw } from "../sql/statement.ts";
import { carriedIndexes, indexesToCarry } from "./carried-index.ts";
import {
  dropSyncFunctions,
  dropSyncTriggers,
  syncFunctions,
  syncIntact,
  syncTriggers,
  type ColumnPair,
} from "./column-sync.ts";
import { transactional, type LockLimits } from "./ddl-step.ts";
import type { OperationContext, OperationPlan } from "./operation.ts";

type RenameColumn = NonNullable<Migration["operation"]["rename_column"]>;

/**
 * Renames a column by way of a second one: add it beside the old, keep both equal, fill it, move the readers and
 * writers over, drop the old one. `ALTER TABLE ... RENAME COLUMN` would break every reader at one moment.
 */
export function renameColumn(operation: RenameColumn, { migration, catalog }: OperationContext): OperationPlan {
  const { table, from, to } = operation;
  const column = catalog.table?.columns.find((candidate) => candidate.name === from);
  if (!catalog.table || !column) {
    throw new NotFound({
      object: catalog.table
        ? `column "${table.schema}.${table.name}.${from}"`
        : `table "${table.schema}.${table.name}"`,
      problem: "is not in the database",
      remedy: "Name an existing table and column in operation.rename_column",
    });
  }
  const pair: ColumnPair = { table, column, to };
  const limits = { lockTimeoutMs: migration.locks.timeout, statementTimeoutMs: migration.locks.statement_timeout };
  return {
    kind: "rename_column",
    summary: `Rename column ${table.schema}.${table.name}.${from} to ${to}`,
    table,
    expand: expand(pair, limits),
    pair: {
      derive: fragment`${name(to)} = t.${name(from)}`,
      disagrees: isDistinct(column, fragment`t.${name(to)}`, fragment`t.${name(from)}`),
      old: fragment`t.${name(from)}`,
      new: fragment`t.${name(to)}`,
    },
    indexes: carriedIndexes(pair, catalog.table.indexes),
    adds: { column: to },
    removes: { column: from, indexes: indexesToCarry(pair, catalog.table.indexes).map((index) => index.name) },
    contract: [
      transactional({
        id: "contract-drop-column",
        title: `Drop ${from} and the sync triggers, together`,
        // In one transaction: without the triggers, a NOT NULL or stale old column would hurt whoever still uses it.
        statements: [...dropSyncTriggers(pair), dropColumn(pair, from), ...dropSyncFunctions(pair)],
        lock: "ACCESS EXCLUSIVE",
        limits,
        requires: syncIntact(pair),
      }),
    ],
    undo: [
      transactional({
        id: "undo-drop-column",
        title: `Drop ${to} and the sync triggers, together`,
        statements: [...dropSyncTriggers(pair, true), dropColumn(pair, to, true), ...dropSyncFunctions(pair)],
        lock: "ACCESS EXCLUSIVE",
        limits,
      }),
    ],
    notes: [],
  };
}

function expand(pair: ColumnPair, limits: LockLimits): OperationPlan["expand"] {
  return [
    transactional({
      id: "expand-add-column",
      title: `Add column ${pair.to}, nullable, with the old one's type, default, comment and privileges`,
      statements: addColumn(pair),
      lock: "ACCESS EXCLUSIVE",
      limits,
    }),
    transactional({
      id: "expand-sync-functions",
      title: "Create the two sync functions",
      statements: syncFunctions(pair),
      lock: "none",
      limits,
    }),
    transactional({
      id: "expand-sync-triggers",
      title: `Keep ${pair.column.name} and ${pair.to} equal from here on`,
      statements: syncTriggers(pair),
      lock: "SHARE ROW EXCLUSIVE",
      limits,
    }),
  ];
}

function addColumn({ table, column, to }: ColumnPair): readonly string[] {
  const target = name(table.schema, table.name);
  const collate = column.collation
    ? fragment` COLLATE ${name(column.collation.schema, column.collation.name)}`
    : raw("");
  const statements = [fragment`ALTER TABLE ${target} ADD COLUMN ${name(to)} ${raw(column.type)}${collate}`];
  if (column.default !== undefined) {
    // Not in ADD COLUMN: there it would fill history with the default, which the old column need not hold.
    statements.push(fragment`ALTER TABLE ${target} ALTER COLUMN ${name(to)} SET DEFAULT ${raw(column.default)}`);
  }
  if (column.comment !== undefined) {
    statements.push(fragment`COMMENT ON COLUMN ${target}.${name(to)} IS ${raw(literal(column.comment))}`);
  }
  return [...statements, ...grants({ target, column, to })].map((statement) => statement.text);
}

function grants({
  target,
  column,
  to,
}: {
  readonly target: Raw;
  readonly column: ColumnCatalog;
  readonly to: string;
}): Raw[] {
  return column.grants.map(({ privilege, grantee, grantable }) => {
    const role = grantee === "PUBLIC" ? raw("PUBLIC") : name(grantee);
    return fragment`GRANT ${raw(privilege)} (${name(to)}) ON ${target} TO ${role}${raw(grantable ? " WITH GRANT OPTION" : "")}`;
  });
}

function dropColumn({ table }: ColumnPair, column: string, ifExists = false): string {
  const target = name(table.schema, table.name);
  return fragment`ALTER TABLE ${target} DROP COLUMN ${raw(ifExists ? "IF EXISTS " : "")}${name(column)}`.text;
}
