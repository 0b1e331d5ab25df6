import { z } from "zod";
import { NotFound } from "../errors.ts";
import { identifierText, tableName } from "../migration/scalars.ts";
import { messageName, qualifiedName } from "../sql/message-name.ts";
import { fragment, name, raw } from "../sql/statement.ts";
import { defineOperation, type OperationPlan } from "./operation.ts";
import { MIRRORED_COLUMN_CHECKS } from "./toolkit/mirrored-column-checks.ts";
import type { ColumnPair } from "./toolkit/column-pair.ts";
import { transactional } from "./toolkit/ddl-step.ts";
import { functionsByName, replacedFunctions } from "./toolkit/column-name-in-functions.ts";
import { addMirror, dropColumn } from "./toolkit/mirror-column.ts";
import { mirrorIndexes } from "./toolkit/mirror-indexes.ts";

const schema = z
  .strictObject({
    table: tableName.describe('"schema.name", or { schema, name } where a name holds a dot'),
    from: identifierText.describe("The column's name today"),
    to: identifierText.describe("Its name afterwards; a mirror of the column until contract"),
    functions: z
      .array(
        z.string().regex(/^\s*CREATE\s+OR\s+REPLACE\s+(FUNCTION|PROCEDURE)\s/i, {
          error: "a CREATE OR REPLACE FUNCTION or CREATE OR REPLACE PROCEDURE statement",
        }),
      )
      .default([])
      .describe("New text of the functions that name the column, replaced in the contract transaction"),
  })
  .refine(({ from, to }) => from !== to, { error: '"to" must differ from "from"', path: ["to"] })
  .describe("Rename a column: a mirror has the new name, kept equal by triggers, until contract renames the column");

/**
 * Renames a column by way of a mirror: a second column of the new name, kept equal by triggers, filled, and read and
 * written by the application step by step. Contract drops the mirror and renames the old column in one short
 * transaction: the validation found both equal, so nothing is lost, and all that hangs on the old column (constraints,
 * keys, identity, default, views, policies, statistics, its position) stays where it is, by PostgreSQL's own hand.
 * `ALTER TABLE ... RENAME COLUMN` alone would break every reader at one moment.
 */
export const renameColumn = defineOperation({
  name: "rename_column",
  schema,
  traffic: true,
  table: ({ table }) => table,
  addedColumns: ({ to }) => [to],
  buildsIndexes: ({ table, from, to }, catalog) =>
    catalog.columns.some(
      (column) => column.name === from && mirrorIndexes({ table, column, to }, catalog).steps.length > 0,
    ),
  checks: MIRRORED_COLUMN_CHECKS,
  plan: ({ table, from, to, functions }, context): OperationPlan => {
    const column = context.table.columns.find((candidate) => candidate.name === from);
    if (!column) {
      throw new NotFound({
        object: `column ${messageName(table.schema, table.name, from)}`,
        problem: "is not in the database",
        remedy: "Name an existing column in rename_column.from",
      });
    }
    const pair: ColumnPair = { table, column, to };
    const { steps, without } = mirrorIndexes(pair, context.table);
    const rename = fragment`ALTER TABLE ${name(table.schema, table.name)} RENAME COLUMN ${name(from)} TO ${name(to)}`;
    return {
      summary: `Rename column ${qualifiedName(table.schema, table.name, from)} to ${qualifiedName(to)}`,
      expand: [
        transactional({
          id: `add-${to}`,
          title: `Add column ${to}, a nullable mirror of ${from}`,
          statements: addMirror(pair).map(({ text }) => text),
          lock: "ACCESS EXCLUSIVE",
          limits: context.limits,
        }),
      ],
      pairs: [pair],
      indexes: steps,
      mirrors: [{ column: to, indexes: steps.flatMap(({ index }) => (index ? [index.name] : [])) }],
      contractRequires: [functionsByName(pair, replacedFunctions(functions))],
      contract: [dropColumn(pair), rename, ...functions.map(raw)],
      undo: [dropColumn(pair, true)],
      notes: without.map(
        ({ index, reason }) =>
          `Index ${qualifiedName(index.schema, index.name)} is not built on ${to}, since ${reason}: until contract, statements by the new name do without it`,
      ),
    };
  },
});
