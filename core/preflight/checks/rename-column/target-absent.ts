import { messageName } from "../../../sql/message-name.ts";
import type { CheckResult, ColumnContext } from "../../check.ts";
import { findings } from "../../finding.ts";
import { columnObject } from "../../object-names.ts";

const { ok, refuse } = findings("target-absent");

/** https://www.postgresql.org/docs/17/ddl-system-columns.html */
const SYSTEM_COLUMNS = new Set(["tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"]);

/** The new name is free, or is that of the column which the earlier run of this migration added. */
export function targetAbsent({ table, source, target, resuming }: ColumnContext): CheckResult {
  const object = columnObject(table, target);
  if (SYSTEM_COLUMNS.has(target)) {
    return refuse({
      object,
      message: "has the name of a system column",
      remedy: "Choose another name in operation.rename_column.to",
    });
  }
  const existing = table.columns.find(({ name }) => name === target);
  if (!existing) return ok(object, "is free");
  if (!resuming) {
    return refuse({
      object,
      message: "exists already, and no run of this migration added it",
      remedy: "Choose another name in operation.rename_column.to, or drop the column if nobody uses it",
    });
  }
  if (existing.type === source.type) return ok(object, "was added by the run that this one goes on with");
  return refuse({
    object,
    message: `has type ${existing.type}, and ${messageName(source.name)} has ${source.type}: one was changed since the earlier run`,
    remedy: "Undo that run and start again",
  });
}
