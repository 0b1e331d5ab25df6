import type { CheckResult, ColumnContext } from "../../check.ts";
import { findings } from "../../finding.ts";
import { sourceObject } from "../../object-names.ts";

const { ok, refuse } = findings("stable-default");

/** An insert that names neither column must give both the same value. */
export function stableDefault(context: ColumnContext): CheckResult {
  const object = sourceObject(context);
  const { default: expression, defaultVolatile } = context.source;
  if (expression === undefined) return ok(object, "has no default");
  if (!defaultVolatile) return ok(object, `has default ${expression}, the same for both columns of a row`);
  return refuse({
    object,
    message: `has default ${expression}, which gives another value each time: the two columns of a row would differ`,
    remedy: "Drop the default, and let the application or a BEFORE INSERT trigger set the value",
  });
}
