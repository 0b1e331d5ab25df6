import { identifier } from "../../../sql/identifier.ts";
import { messageNameOfSql } from "../../../sql/message-name.ts";
import { SYNC_TRIGGER_PREFIX } from "../../../operations/sync-names.ts";
import type { CheckResult, ColumnContext } from "../../check.ts";
import { findings, orOk } from "../../finding.ts";
import { sourceObject, triggerObject } from "../../object-names.ts";

const { ok, refuse } = findings("trigger-functions");

/**
 * A trigger function that says `NEW.old` fails every write of the table from the moment contract drops the column, and
 * by then nothing brings it back. PostgreSQL sees no dependency, and cooling sees no error: only the text tells.
 */
export function triggerFunctions(context: ColumnContext): readonly CheckResult[] {
  const { table, source } = context;
  const problems = table.triggers
    .filter(({ name, enabled, functionColumns }) => {
      return !name.startsWith(SYNC_TRIGGER_PREFIX) && enabled !== "disabled" && functionColumns?.includes(source.name);
    })
    .map((trigger) =>
      refuse({
        object: triggerObject(trigger),
        message: `runs function ${messageNameOfSql(trigger.function)}, which reads or writes NEW or OLD.${identifier(source.name)}: every write would fail once the column is gone`,
        remedy: "Let the function work without the column, through to_jsonb(NEW) say, or drop the trigger first",
      }),
    );
  return orOk(problems, ok(sourceObject(context), "is named by no trigger's function"));
}
