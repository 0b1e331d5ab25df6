import { isSyncTrigger } from "../../../operations/toolkit/sync-names.ts";
import { tableCheck } from "../../define-check.ts";
import { ok, refuse } from "../../finding.ts";
import { quoted, tableObject } from "../../object-names.ts";

/** Triggers of ours that this migration did not make still write columns of another one. */
export const syncLeftovers = tableCheck({
  name: "sync-leftovers",
  refusesOrWarns: "Refuses sync triggers of another migration's run.",
  check({ table, resuming }) {
    const object = tableObject(table);
    const leftovers = table.triggers.filter(({ name }) => isSyncTrigger(name)).map(({ name }) => name);
    if (leftovers.length === 0) return ok(object, "has no sync trigger of another run");
    if (resuming) return ok(object, "has the sync triggers of the run that this one resumes");
    return refuse({
      object,
      message: `has sync triggers of another migration's run: ${quoted(leftovers)}`,
      remedy: "Complete that migration, or undo it",
    });
  },
});
