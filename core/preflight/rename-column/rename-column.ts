import type { Migration } from "../../migration/schema.ts";
import { runChecks, type Check, type CheckResult, type ColumnContext, type TableContext } from "../check.ts";
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

const COLUMN_CHECKS: readonly Check<ColumnContext>[] = [
  targetAbsent,
  sourcePlain,
  sourceNullable,
  columnType,
  stableDefault,
  partitionKey,
  constraints,
  indexes,
  dependents,
  triggerColumns,
  triggerFunctions,
];

/** The checks of `rename_column`; those of the column only where there is one. */
export function renameColumnChecks(context: TableContext, { from, to }: RenameColumn): readonly CheckResult[] {
  const source = context.table.columns.find(({ name }) => name === from);
  return [
    sourceExists(context, { from, to }),
    ...(source ? runChecks(COLUMN_CHECKS, { ...context, source, target: to }) : []),
  ];
}
