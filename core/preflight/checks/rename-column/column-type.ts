import type { CheckResult, ColumnContext } from "../../check.ts";
import { findings } from "../../finding.ts";
import { sourceObject } from "../../object-names.ts";

const { ok, refuse } = findings("column-type");

/** A second column of the type can be added without a rewrite, and its values compared. */
export function columnType(context: ColumnContext): CheckResult {
  const object = sourceObject(context);
  const { type, typeKind, domainConstrained } = context.source;
  if (typeKind === "pseudo") {
    return refuse({
      object,
      message: `has pseudo-type ${type}, of which no column can be added`,
      remedy: "Change its type first",
    });
  }
  if (domainConstrained === true) {
    return refuse({
      object,
      message: `has type ${type}, a domain with a constraint: PostgreSQL rewrites the whole table to add such a column`,
      remedy: "Drop the domain's constraints for the run, or change the column to the type beneath",
    });
  }
  return ok(object, `has type ${type}, of which a column is added at once`);
}
