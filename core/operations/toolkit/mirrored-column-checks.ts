/** Pre-flight checks of a column that gets a mirror and, at contract, the mirror's name. */
import type { ColumnCatalog, DependentCatalog, TriggerCatalog } from "../../catalog/catalog.ts";
import { counted } from "../../counted.ts";
import { nearestName } from "../../migration/nearest-name.ts";
import type { CheckProps, Finding, TableContext } from "../../preflight/check.ts";
import { ok, orOk, refuse, warn } from "../../preflight/finding.ts";
import { columnObject, roleObject, triggerObject } from "../../preflight/object-names.ts";
import { identifier } from "../../sql/identifier.ts";
import { messageName, messageNameOfSql } from "../../sql/message-name.ts";
import type { OperationCheck, OperationCheckContext } from "../operation.ts";
import { mirrorType } from "./mirror-column.ts";
import { replacedFunctions, unquoted } from "./column-name-in-functions.ts";
import { indexesOf, mirrorIndexes } from "./mirror-indexes.ts";
import { isSyncTrigger } from "./sync-names.ts";

export interface MirroredColumn {
  readonly from: string;
  readonly to: string;
  /** Statements that replace functions in the contract transaction. */
  readonly functions: readonly string[];
}

interface MirrorContext extends TableContext, MirroredColumn {
  readonly source: ColumnCatalog;
}

/** The column is there; or contract of an earlier run has renamed it, and this run only ends what that one began. */
function sourceExists({ table, resuming, spec: { from, to } }: OperationCheckContext<MirroredColumn>): Finding {
  const object = columnObject(table, from);
  const names = table.columns.map(({ name }) => name);
  if (names.includes(from)) return ok(object, "exists");
  if (resuming && names.includes(to)) return ok(object, "was renamed by the run that this one resumes");
  const near = nearestName(from, names);
  return refuse({
    object,
    message: near === undefined ? "does not exist" : `does not exist; did you mean "${near}"?`,
    remedy: "Correct from in the migration file",
  });
}

/** https://www.postgresql.org/docs/17/ddl-system-columns.html */
const SYSTEM_COLUMNS = new Set(["tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"]);

function targetAbsent({ table, source, to, resuming }: MirrorContext): Finding {
  const object = columnObject(table, to);
  if (SYSTEM_COLUMNS.has(to)) {
    return refuse({ object, message: "has the name of a system column", remedy: "Choose another name for to" });
  }
  const existing = table.columns.find(({ name }) => name === to);
  if (!existing) return ok(object, "is free");
  if (!resuming) {
    return refuse({
      object,
      message: "exists already, and no run of this migration added it",
      remedy: "Choose another name for to, or drop the column if no application uses it",
    });
  }
  if (existing.type === mirrorType(source)) return ok(object, "was added by the run that this one resumes");
  return refuse({
    object,
    message: `has type ${existing.type}, and the mirror of ${messageName(source.name)} ${mirrorType(source)}: one was changed since the earlier run`,
    remedy: "Undo that run and start again",
  });
}

/** A BEFORE trigger cannot see or write a generated column; no application writes it either. */
function sourceStored({ table, source }: MirrorContext): Finding {
  const object = columnObject(table, source.name);
  if (!source.generated) return ok(object, "is not generated");
  return refuse({
    object,
    message: "is a generated column, which no trigger can keep in sync",
    remedy: "Add a second generated column of the same expression under the new name instead",
  });
}

/** A BEFORE trigger that changes a partition key would have to move the row, which PostgreSQL refuses. */
function partitionKey({ table, source }: MirrorContext): Finding {
  const object = columnObject(table, source.name);
  if (!table.partitionKeyColumns.includes(source.name)) return ok(object, "is in no partition key");
  return refuse({
    object,
    message: "is in the partition key of the table or of one of its partitions, which no trigger may change",
    remedy: "Copy the table into one partitioned by the new column instead",
  });
}

function indexes({ table, source, to, catalog }: MirrorContext): readonly Finding[] {
  const { steps, without } = mirrorIndexes({ table, column: source, to }, table);
  if (steps.length > 0 && table.mayCreateIndexes === false) {
    return [
      refuse({
        object: `schema ${messageName(table.schema)}`,
        message: `has indexes over column ${messageName(source.name)}, and ${roleObject(catalog.role.name)} may not create one there`,
        remedy: `GRANT CREATE ON SCHEMA ${identifier(table.schema)} TO the ${roleObject(catalog.role.name)}`,
      }),
    ];
  }
  const warnings = without.map(({ index, reason }) =>
    warn({
      object: `index ${messageName(index.schema, index.name)}`,
      message: `is not built over ${messageName(to)}, since ${reason}: until contract, statements by the new name do without it`,
      remedy: `Build one over ${messageName(to)} by hand after expand where they need it, and drop it before contract`,
    }),
  );
  return orOk(
    warnings,
    ok(
      columnObject(table, source.name),
      `has ${counted(indexesOf(table, source.name).length, "index", "indexes")} that its mirror gets too`,
    ),
  );
}

/** What the catalog ties to the column follows its rename; of these two more is to be known. */
function dependents({ table, source }: MirrorContext): readonly Finding[] {
  const results = table.dependents.flatMap((dependent) => dependentWarning(dependent) ?? []);
  return orOk(results, ok(columnObject(table, source.name), "has no dependent that its rename would break"));
}

function dependentWarning({ kind, name, columns }: DependentCatalog): Finding | undefined {
  const object = `${kind} ${messageNameOfSql(name)}`;
  if (columns.length > 0) return undefined;
  if (kind === "publication") {
    return warn({
      object,
      message: "sends every column, and so the mirror from its first row: a subscriber without it stops",
      remedy: "Add the new column on every subscriber before the run",
    });
  }
  if (kind === "function") {
    return warn({
      object,
      message: "takes or returns the table's row type; which columns it reads cannot be seen",
      remedy: "Read its body; where it names the column, give its new text in functions",
    });
  }
  return undefined;
}

const ownTriggers = ({ table }: MirrorContext): readonly TriggerCatalog[] =>
  table.triggers.filter(({ name, enabled }) => !isSyncTrigger(name) && enabled !== "disabled");

/** `UPDATE OF old` sees the columns that a statement names, not those that a trigger writes. */
function triggerColumns(context: MirrorContext): readonly Finding[] {
  const { table, source, to } = context;
  const problems = ownTriggers(context)
    .filter(({ updateOf }) => updateOf.includes(source.name))
    .map((trigger) =>
      warn({
        object: triggerObject(trigger),
        message: `is on UPDATE OF ${messageName(source.name)}: until contract it does not fire for an update by the name ${messageName(to)}`,
        remedy: "Let it fire on every UPDATE, with a WHEN clause that compares OLD and NEW, for the time of the run",
      }),
    );
  return orOk(problems, ok(columnObject(table, source.name), "is in no UPDATE OF list of a trigger"));
}

/**
 * PostgreSQL sees no dependency of a function's text: one that says `NEW.old` fails every write of the table from the
 * rename on.
 */
function triggerFunctions(context: MirrorContext): readonly Finding[] {
  const { table, source, functions } = context;
  const replaced = replacedFunctions(functions);
  const problems = ownTriggers(context)
    .filter((trigger) => trigger.functionColumns?.includes(source.name))
    .filter((trigger) => !replaced.has(unquoted(trigger.function)))
    .map((trigger) =>
      refuse({
        object: triggerObject(trigger),
        message: `runs function ${trigger.function}, which reads or writes NEW or OLD.${messageName(source.name)}: every write would fail after the rename`,
        remedy: `Give its new text in functions, as CREATE OR REPLACE FUNCTION ${trigger.function}(...)`,
      }),
    );
  return orOk(problems, ok(columnObject(table, source.name), "is named by no trigger function that stays as it is"));
}

/** A check of the column, left out where the table has none of that name. */
function columnCheck(props: CheckProps<MirrorContext>): OperationCheck<MirroredColumn> {
  return {
    ...props,
    check: ({ spec: { from, to, functions }, ...context }) => {
      const source = context.table.columns.find(({ name }) => name === from);
      return source ? props.check({ ...context, source, from, to, functions }) : [];
    },
  };
}

/** In their order; but for the first, only where the column is there. */
export const MIRRORED_COLUMN_CHECKS: readonly OperationCheck<MirroredColumn>[] = [
  {
    name: "source-exists",
    refusesOrWarns: "Refuses a column that is not in the table, and names the nearest that is.",
    check: sourceExists,
  },
  columnCheck({
    name: "target-absent",
    refusesOrWarns: "Refuses a new name that the table has already, unless an earlier run of the migration made it.",
    check: targetAbsent,
  }),
  columnCheck({ name: "source-stored", refusesOrWarns: "Refuses a generated column.", check: sourceStored }),
  columnCheck({ name: "partition-key", refusesOrWarns: "Refuses a column of a partition key.", check: partitionKey }),
  columnCheck({
    name: "indexes",
    refusesOrWarns: "Warns of an index that the mirror does not get; refuses a role that may not create one.",
    check: indexes,
  }),
  columnCheck({
    name: "dependents",
    refusesOrWarns: "Warns of a publication and of functions that read whole rows.",
    check: dependents,
  }),
  columnCheck({
    name: "trigger-columns",
    refusesOrWarns: "Warns of a trigger that names the column in UPDATE OF.",
    check: triggerColumns,
  }),
  columnCheck({
    name: "trigger-functions",
    refusesOrWarns: "Refuses a trigger whose function names the column, where the migration does not replace it.",
    check: triggerFunctions,
  }),
];
