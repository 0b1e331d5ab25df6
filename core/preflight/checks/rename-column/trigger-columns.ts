import { messageName } from "../../../sql/message-name.ts";
import type { CheckResult, ColumnContext } from "../../check.ts";
import { findings, orOk } from "../../finding.ts";
import { sourceObject, triggerObject } from "../../object-names.ts";
import { SYNC_TRIGGER_PREFIX } from "../../../operations/sync-names.ts";

const { ok, warn } = findings("trigger-columns");

/** `UPDATE OF old` sees the columns that a statement names, not those that a trigger writes. */
export function triggerColumns(context: ColumnContext): readonly CheckResult[] {
  const { table, source, target } = context;
  const problems = table.triggers
    .filter(({ name, columns, updateOf }) => {
      return !name.startsWith(SYNC_TRIGGER_PREFIX) && (columns ?? updateOf).includes(source.name);
    })
    .map(({ name, updateOf }) =>
      warn({
        object: triggerObject({ name }),
        message: updateOf.includes(source.name)
          ? `is on UPDATE OF ${messageName(source.name)}: it does not fire for a write of ${messageName(target)}, and contract cannot drop the column before it`
          : `names ${messageName(source.name)} in its WHEN clause: contract cannot drop the column before it`,
        remedy: `After expand let it name ${messageName(target)} too, and before contract take ${messageName(source.name)} out`,
      }),
    );
  return orOk(problems, ok(sourceObject(context), "is named by no trigger"));
}
