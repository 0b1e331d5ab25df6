import type { CheckResult, ColumnContext } from "../../check.ts";
import { findings } from "../../finding.ts";
import { sourceObject } from "../../object-names.ts";

const { ok, refuse } = findings("source-nullable");

/** A new column can be NOT NULL only once it is filled; that step is an operation of its own. */
export function sourceNullable(context: ColumnContext): CheckResult {
  const object = sourceObject(context);
  if (!context.source.notNull) return ok(object, "may be null");
  return refuse({
    object,
    message: "is NOT NULL, which this version does not carry over to the new column",
    remedy: "ALTER TABLE ... ALTER COLUMN ... DROP NOT NULL first, and set it on the new column after the run",
  });
}
