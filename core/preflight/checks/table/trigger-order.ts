import type { TriggerCatalog } from "../../../catalog/catalog.ts";
import { SYNC_TRIGGER_PREFIX } from "../../../operations/sync-names.ts";
import { tableCheck } from "../../define-check.ts";
import { ok, orOk, refuse } from "../../finding.ts";
import { tableObject, triggerObject } from "../../object-names.ts";

/** PostgreSQL fires BEFORE ROW triggers in the order of their names' bytes; ours must see what the others wrote. */
export const triggerOrder = tableCheck({
  name: "trigger-order",
  refusesOrWarns: "Refuses a BEFORE ROW trigger that would fire after the sync triggers.",
  check({ table }) {
    const before = table.triggers.filter(rewritesRows);
    const results = before.map((trigger) => {
      const object = triggerObject(trigger);
      if (!firesAfterOurs(trigger)) {
        return ok(object, `fires before the sync triggers${forBackfill(trigger)}`);
      }
      return refuse({
        object,
        message: "sorts after Sluice's sync triggers, so it could undo what they wrote",
        remedy: `ALTER TRIGGER ... RENAME it to a name that sorts before "${SYNC_TRIGGER_PREFIX}" by its bytes`,
      });
    });
    return orOk(results, ok(tableObject(table), "has no BEFORE ROW trigger of its own"));
  },
});

function rewritesRows({ name, timing, level, events, enabled }: TriggerCatalog): boolean {
  return (
    timing === "before" &&
    level === "row" &&
    enabled !== "disabled" &&
    events.some((event) => event === "insert" || event === "update") &&
    !name.startsWith(SYNC_TRIGGER_PREFIX)
  );
}

function firesAfterOurs({ name }: TriggerCatalog): boolean {
  return Buffer.compare(Buffer.from(name), Buffer.from(SYNC_TRIGGER_PREFIX)) > 0;
}

/** `updated_at` moves on every row that the backfill writes: harmless, but worth knowing. */
function forBackfill({ events, updateOf }: TriggerCatalog): string {
  return events.includes("update") && updateOf.length === 0 ? ", and also for each row that the backfill writes" : "";
}
