import { messageName } from "../../../sql/message-name.ts";
import { nearestName } from "../../../migration/nearest-name.ts";
import type { CheckResult, TableContext } from "../../check.ts";
import { findings } from "../../finding.ts";
import { columnObject } from "../../object-names.ts";

const { ok, refuse } = findings("source-exists");

/** The column is there; or contract of an earlier run has dropped it, and this run only ends what that one began. */
export function sourceExists(
  { table, resuming }: TableContext,
  { from, to }: { readonly from: string; readonly to: string },
): CheckResult {
  const object = columnObject(table, from);
  const names = table.columns.map(({ name }) => name);
  if (names.includes(from)) return ok(object, "exists");
  if (resuming && names.includes(to)) return ok(object, "was dropped by the run that this one goes on with");
  const near = nearestName(from, names);
  return refuse({
    object,
    message: near === undefined ? "does not exist" : `does not exist; did you mean ${messageName(near)}?`,
    remedy: "Correct operation.rename_column.from",
  });
}
