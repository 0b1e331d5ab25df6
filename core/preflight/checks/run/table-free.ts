import { runCheck } from "../../define-check.ts";
import { ok, unread, warn } from "../../finding.ts";

/**
 * One active run a table: two would sync through each other's triggers. A start decides that by compare-and-set, and
 * takes the place of a run that died; so a look ahead refuses nothing, and a start does not ask here.
 */
export const tableFree = runCheck({
  name: "table-free",
  refusesOrWarns: "Warns of a run that holds the table now; a start is refused while it lives.",
  check(context) {
    const { migration, holder } = context;
    const object = `migration "${migration.migration}"`;
    if (holder.kind === "not asked") return [];
    if (holder.kind === "unread") return unread(context, { object, problem: holder.problem });
    if (holder.value === undefined) return ok(object, "has its table for itself");
    const { table, runId, migration: other, phase } = holder.value;
    return warn({
      object: `table "${table}"`,
      message: `belongs to run "${runId}" of migration "${other}", which is in phase ${phase}: a start is refused while that run lives`,
      remedy: "Wait for that run, or roll it back",
    });
  },
});
