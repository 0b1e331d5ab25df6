import { identifier } from "../../../sql/identifier.ts";
import { messageName } from "../../../sql/message-name.ts";
import type { IndexCatalog, TableCatalog } from "../../../catalog/catalog.ts";
import type { CheckResult, ColumnContext } from "../../check.ts";
import { findings, orOk } from "../../finding.ts";
import { sourceObject } from "../../object-names.ts";

const { ok, refuse } = findings("indexes");

/** Each index over the old column can be built again over the new one, concurrently; or the run is refused. */
export function indexes(context: ColumnContext): readonly CheckResult[] {
  const { table, source } = context;
  const using = carriedIndexes(table, source.name);
  const problems = using.flatMap((index) => problem(index, context) ?? []);
  const names = using.map(({ name }) => messageName(name));
  return orOk(
    problems,
    ok(
      sourceObject(context),
      names.length === 0 ? "is in no index" : `has its indexes carried over: ${names.join(", ")}`,
    ),
  );
}

/** Those over the column that are built again; a constraint's are the constraint's affair. */
export function carriedIndexes(table: TableCatalog, column: string): readonly IndexCatalog[] {
  return table.indexes.filter((index) => uses(index, column) && !reportedAsConstraint(index, { table, column }));
}

function uses(index: IndexCatalog, column: string): boolean {
  return holds(index, column) || inExpression(index, column) || inPredicate(index, column);
}

function holds({ keys, include }: IndexCatalog, column: string): boolean {
  return include.includes(column) || keys.some((key) => key.column === column);
}

function inExpression({ keys }: IndexCatalog, column: string): boolean {
  return keys.some(({ expressionColumns }) => expressionColumns.includes(column));
}

function inPredicate({ predicate }: IndexCatalog, column: string): boolean {
  return predicate?.columns.includes(column) ?? false;
}

function reportedAsConstraint(
  index: IndexCatalog,
  { table, column }: { readonly table: TableCatalog; readonly column: string },
): boolean {
  return table.constraints.some(({ name, columns }) => name === index.constraint && columns.includes(column));
}

function problem(index: IndexCatalog, context: ColumnContext): CheckResult | undefined {
  const found = reason(index, context);
  return found && refuse({ object: `index ${messageName(index.schema, index.name)}`, ...found });
}

const CREATE_AFTERWARDS = "Drop it first, and create it over the new column after the run";

/** Why an index cannot be carried over, the first reason that holds. */
function reason(
  index: IndexCatalog,
  { table, source: { name }, catalog }: ColumnContext,
): { readonly message: string; readonly remedy: string } | undefined {
  if (!index.valid) {
    return {
      message: `over column ${messageName(name)} is invalid, left by a build that failed or still runs`,
      remedy: "Wait for its build, or drop it, or REINDEX INDEX CONCURRENTLY",
    };
  }
  if (table.kind === "partitioned table") {
    return {
      message: `is over column ${messageName(name)} of a partitioned table, on which no index can be built concurrently`,
      remedy: CREATE_AFTERWARDS,
    };
  }
  const unable = kindNotCarried(index, name);
  if (unable !== undefined) {
    return { message: `${unable}, which this version does not carry over`, remedy: CREATE_AFTERWARDS };
  }
  if (table.mayCreateIndexes === false) {
    return {
      message: `cannot be built again: role ${messageName(catalog.role.name)} may not create in schema ${messageName(index.schema)}`,
      remedy: `GRANT CREATE ON SCHEMA ${identifier(index.schema)} TO the role ${messageName(catalog.role.name)}`,
    };
  }
  return undefined;
}

function kindNotCarried(index: IndexCatalog, column: string): string | undefined {
  if (index.unique) return `is unique over column ${messageName(column)}`;
  if (inExpression(index, column)) return `reads column ${messageName(column)} in an expression`;
  if (inPredicate(index, column)) return `reads column ${messageName(column)} in its WHERE clause`;
  if (index.keys.some(({ operatorClassOptions = [] }) => operatorClassOptions.length > 0)) {
    return `is over column ${messageName(column)} and gives its operator class options`;
  }
  return undefined;
}
