import type { CheckResult, ColumnContext } from "../../check.ts";
import { findings } from "../../finding.ts";
import { sourceObject } from "../../object-names.ts";

const { ok, refuse } = findings("source-plain");

/** A trigger cannot write a generated column, and an identity column's values belong to its sequence. */
export function sourcePlain(context: ColumnContext): CheckResult {
  const object = sourceObject(context);
  const { generated, identity } = context.source;
  if (!generated && !identity) return ok(object, "is neither generated nor an identity");
  return refuse({
    object,
    message: generated ? "is a generated column, which no trigger can write" : "is an identity column",
    remedy: generated
      ? "Add a second generated column of the same expression instead"
      : "Rename it in a maintenance window; this version does not carry an identity over",
  });
}
