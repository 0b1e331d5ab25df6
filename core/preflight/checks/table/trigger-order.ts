import type { TriggerCatalog } from "../../../catalog/catalog.ts";
import { FIRST_PREFIX, isSyncTrigger, LAST_PREFIX } from "../../../operations/toolkit/sync-names.ts";
import type { CheckResult, TableContext } from "../../check.ts";
import { findings, orOk } from "../../finding.ts";
import { tableObject } from "../../object-names.ts";

const { ok, refuse } = findings("trigger-order");

/** PostgreSQL fires BEFORE ROW triggers in the order of their names' bytes; ours must see what the others made. */
export function triggerOrder({ table }: TableContext): readonly CheckResult[] {
  const before = table.triggers.filter(rewritesRows);
  const results = before.map((trigger) => {
    const object = `trigger "${trigger.name}"`;
    if (!firesOutside(trigger)) {
      return ok(object, `fires between the first and the last sync trigger${forBackfill(trigger)}`);
    }
    return refuse({
      object,
      message:
        "does not sort between Sluice's sync triggers, so they would not see what it writes, or it not what they did",
      remedy: `ALTER TRIGGER ... RENAME it to a name that sorts after "${FIRST_PREFIX}" and before "${LAST_PREFIX}" by its bytes`,
    });
  });
  return orOk(results, ok(tableObject(table), "has no BEFORE ROW trigger of its own"));
}

function rewritesRows({ name, timing, level, events, enabled }: TriggerCatalog): boolean {
  return (
    timing === "before" &&
    level === "row" &&
    enabled !== "disabled" &&
    events.some((event) => event === "insert" || event === "update") &&
    !isSyncTrigger(name)
  );
}

function firesOutside({ name }: TriggerCatalog): boolean {
  const at = Buffer.from(name);
  return Buffer.compare(at, Buffer.from(FIRST_PREFIX)) < 0 || Buffer.compare(at, Buffer.from(LAST_PREFIX)) > 0;
}

/** `updated_at` moves on every row that the backfill writes: nothing breaks, but somebody will ask. */
function forBackfill({ events, updateOf }: TriggerCatalog): string {
  return events.includes("update") && updateOf.length === 0 ? ", and also for each row that the backfill writes" : "";
}
