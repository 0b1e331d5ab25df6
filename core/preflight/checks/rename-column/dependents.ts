import { messageName, messageNameOfSql } from "../../../sql/message-name.ts";
import type { DependentCatalog } from "../../../catalog/catalog.ts";
import type { CheckResult, ColumnContext } from "../../check.ts";
import { findings, orOk } from "../../finding.ts";
import { sourceObject } from "../../object-names.ts";

const { ok, warn, refuse } = findings("dependents");

/** Whatever in the database names the old column would stop contract, or be dropped with the column. */
export function dependents(context: ColumnContext): readonly CheckResult[] {
  const results = context.table.dependents.flatMap((dependent) => {
    if (dependent.columns.includes(context.source.name)) return problem(dependent, context.source.name);
    return dependent.columns.length === 0 ? (caution(dependent) ?? []) : [];
  });
  return orOk(results, ok(sourceObject(context), "is named by nothing else in the database"));
}

function problem(dependent: DependentCatalog, column: string): CheckResult {
  return refuse({
    object: `${dependent.kind === "other" ? "object" : dependent.kind} ${messageNameOfSql(dependent.name)}`,
    message: `depends on column ${messageName(column)}`,
    remedy: remedy(dependent.kind),
  });
}

function remedy(kind: DependentCatalog["kind"]): string {
  switch (kind) {
    case "view":
    case "materialized view":
      return "Drop it first and let its readers read the table, or create it over the new column after the run";
    case "rule":
      return "Drop the rule first; a trigger can do its work";
    case "policy":
      return "Drop the policy, or rewrite it without the column, first";
    case "generated column":
      return "Drop the generated column first, and add it again over the new column after the run";
    case "publication":
      return "Take the column out of the publication's column list and row filter first, and add the new one after expand";
    case "statistics":
      return "DROP STATISTICS first, and create them over the new column after the run";
    case "function":
      return "Write the function's body as a string, or create it again without the column, first";
    case "other":
      return "Drop it, or take it off the column, first";
    default:
      return kind satisfies never;
  }
}

/** What reads the table as a whole: harmless to most, and to be known of these two. */
function caution({ kind, name }: DependentCatalog): CheckResult | undefined {
  const object = `${kind} ${messageNameOfSql(name)}`;
  if (kind === "publication") {
    return warn({
      object,
      message: "sends every column, and so the new one from its first row: a subscriber without it stops",
      remedy: "Add the new column on every subscriber before the run",
    });
  }
  if (kind === "function") {
    return warn({
      object,
      message: "takes or returns the table's row type; which columns it reads cannot be seen",
      remedy: "Read its body, and make it work without the old column before contract",
    });
  }
  return undefined;
}
