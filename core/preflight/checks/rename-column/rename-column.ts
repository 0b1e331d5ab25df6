import type { CheckProps, ColumnContext, TableCheck, TableContext } from "../../check.ts";
import type { Migration } from "../../../migration/schema.ts";
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

/** The checks of `rename_column`, in their order; those of the column only where there is one. */
export const RENAME_COLUMN_CHECKS: readonly TableCheck[] = [
  renameCheck({
    name: "source-exists",
    refusesOrWarns: "Refuses a column that is not in the table, and names the nearest that is.",
    check: ({ rename, ...context }) => sourceExists(context, rename),
  }),
  columnCheck({
    name: "target-absent",
    refusesOrWarns: "Refuses a new name that the table has already, unless an earlier run of the migration made it.",
    check: targetAbsent,
  }),
  columnCheck({
    name: "source-plain",
    refusesOrWarns: "Refuses a generated or an identity column.",
    check: sourcePlain,
  }),
  columnCheck({
    name: "source-nullable",
    refusesOrWarns: "Refuses a NOT NULL column, which this version does not carry over.",
    check: sourceNullable,
  }),
  columnCheck({
    name: "column-type",
    refusesOrWarns: "Refuses a type with which the new column could not be added without rewriting the table.",
    check: columnType,
  }),
  columnCheck({
    name: "stable-default",
    refusesOrWarns: "Refuses a default that gives each row another value.",
    check: stableDefault,
  }),
  columnCheck({
    name: "partition-key",
    refusesOrWarns: "Refuses a column of a partition key, which can never be dropped.",
    check: partitionKey,
  }),
  columnCheck({
    name: "constraints",
    refusesOrWarns: "Refuses a column that a constraint or a foreign key names.",
    check: constraints,
  }),
  columnCheck({
    name: "indexes",
    refusesOrWarns: "Refuses an index over the column that cannot be built again over the new one.",
    check: indexes,
  }),
  columnCheck({
    name: "dependents",
    refusesOrWarns:
      "Refuses what else names the column: views, rules, policies, publications. Warns of what reads whole rows.",
    check: dependents,
  }),
  columnCheck({
    name: "trigger-columns",
    refusesOrWarns: "Warns of a trigger that names the column in UPDATE OF or WHEN.",
    check: triggerColumns,
  }),
  columnCheck({
    name: "trigger-functions",
    refusesOrWarns: "Refuses a trigger whose function reads or writes the column by name.",
    check: triggerFunctions,
  }),
];

interface RenameContext extends TableContext {
  readonly rename: RenameColumn;
}

function renameCheck(props: CheckProps<RenameContext>): TableCheck {
  return {
    ...props,
    subject: "table",
    area: "rename_column",
    check(context) {
      const { rename_column: rename } = context.migration.operation;
      return rename === undefined ? [] : props.check({ ...context, rename });
    },
  };
}

function columnCheck(props: CheckProps<ColumnContext>): TableCheck {
  return renameCheck({
    ...props,
    check({ rename, ...context }) {
      const source = context.table.columns.find(({ name }) => name === rename.from);
      return source === undefined ? [] : props.check({ ...context, source, target: rename.to });
    },
  });
}
