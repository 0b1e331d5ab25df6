import { runCheck } from "../../define-check.ts";
import { ok, unread, warn } from "../../finding.ts";

/**
 * One active run a table: two would sync through each other's triggers. A start decides that by compare-and-set, and
 * takes over from a run that died; so a preflight without a run refuses nothing, and a start does not ask here.
 */
export const tableFree = runCheck({
  name: "table-free",
  refusesOrWarns: "Warns of a run that holds the table now; a start is refused while it is active.",
  check(context) {
    const { migration, holder } = context;
    const object = `migration "${migration.migration}"`;
    if (holder.kind === "not asked") return [];
    if (holder.kind === "unread") return unread(context, { object, problem: holder.problem });
    if (holder.value === undefined) return ok(object, "has a table that no run holds");
    const { table, runId, migration: other, phase } = holder.value;
    return warn({
      object: `table "${table}"`,
      message: `is held by run "${runId}" of migration "${other}", which is in phase ${phase}: a start is refused while that run is active`,
      remedy: "Wait for that run, or roll it back",
    });
  },
});
