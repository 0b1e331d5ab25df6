import { isSyncTrigger } from "../../../operations/toolkit/sync-names.ts";
import type { CheckResult, TableContext } from "../../check.ts";
import { findings } from "../../finding.ts";
import { quoted, tableObject } from "../../object-names.ts";

const { ok, refuse } = findings("sync-leftovers");

/** Triggers of ours that this migration did not make still write columns of another one. */
export function syncLeftovers({ table, resuming }: TableContext): CheckResult {
  const object = tableObject(table);
  const leftovers = table.triggers.filter(({ name }) => isSyncTrigger(name)).map(({ name }) => name);
  if (leftovers.length === 0) return ok(object, "has no sync trigger of another run");
  if (resuming) return ok(object, "has the sync triggers of the run that this one goes on with");
  return refuse({
    object,
    message: `has sync triggers of another migration's run: ${quoted(leftovers)}`,
    remedy: "Bring that migration to its end, or undo it",
  });
}
