import type { Migration } from "../../../migration/schema.ts";
import { runChecks, type ListedCheck, type CheckResult, type ColumnContext, type TableContext } from "../../check.ts";
import { columnType } from "./column-type.ts";
import { constraints } from "./constraints.ts";
import { dependents } from "./dependents.ts";
import { indexes } from "./indexes.ts";
import { partitionKey } from "./partition-key.ts";
import { sourceExists } from "./source-exists.ts";
import { sourceNullable } from "./source-nullable.ts";
import { sourcePlain } from "./source-plain.ts";
import { stableDefault } from "./stable-default.ts";
import { targetAbsent } from "./target-absent.ts";
import { triggerColumns } from "./trigger-columns.ts";
import { triggerFunctions } from "./trigger-functions.ts";

type RenameColumn = NonNullable<Migration["operation"]["rename_column"]>;

/** Listed for the reference alone: it needs both names, and decides whether the others have a column to look at. */
const SOURCE_EXISTS: Omit<ListedCheck<TableContext>, "check"> = {
  name: "source-exists",
  refusesOrWarns: "Refuses a column that is not in the table, and names the nearest that is.",
};

const COLUMN_CHECKS: readonly ListedCheck<ColumnContext>[] = [
  {
    name: "target-absent",
    refusesOrWarns: "Refuses a new name that the table has already, unless an earlier run of the migration made it.",
    check: targetAbsent,
  },
  {
    name: "source-plain",
    refusesOrWarns: "Refuses a generated or an identity column.",
    check: sourcePlain,
  },
  {
    name: "source-nullable",
    refusesOrWarns: "Refuses a NOT NULL column, which this version does not carry over.",
    check: sourceNullable,
  },
  {
    name: "column-type",
    refusesOrWarns: "Refuses a type with which the new column could not be added without rewriting the table.",
    check: columnType,
  },
  {
    name: "stable-default",
    refusesOrWarns: "Refuses a default that gives each row another value.",
    check: stableDefault,
  },
  {
    name: "partition-key",
    refusesOrWarns: "Refuses a column of a partition key, which can never be dropped.",
    check: partitionKey,
  },
  {
    name: "constraints",
    refusesOrWarns: "Refuses a column that a constraint or a foreign key names.",
    check: constraints,
  },
  {
    name: "indexes",
    refusesOrWarns: "Refuses an index over the column that cannot be built again over the new one.",
    check: indexes,
  },
  {
    name: "dependents",
    refusesOrWarns:
      "Refuses what else names the column: views, rules, policies, publications. Warns of what reads whole rows.",
    check: dependents,
  },
  {
    name: "trigger-columns",
    refusesOrWarns: "Warns of a trigger that names the column in UPDATE OF or WHEN.",
    check: triggerColumns,
  },
  {
    name: "trigger-functions",
    refusesOrWarns: "Refuses a trigger whose function reads or writes the column by name.",
    check: triggerFunctions,
  },
];

/** In the order of the list. */
export const RENAME_COLUMN_CHECKS: readonly Omit<ListedCheck<never>, "check">[] = [SOURCE_EXISTS, ...COLUMN_CHECKS];

/** The checks of `rename_column`; those of the column only where there is one. */
export function renameColumnChecks(context: TableContext, { from, to }: RenameColumn): readonly CheckResult[] {
  const source = context.table.columns.find(({ name }) => name === from);
  return [
    sourceExists(context, { from, to }),
    ...(source ? runChecks(COLUMN_CHECKS, { ...context, source, target: to }) : []),
  ];
}
