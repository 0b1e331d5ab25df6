import { durationText } from "../../../amounts.ts";
import { counted } from "../../../counted.ts";
import { serverCheck } from "../../define-check.ts";
import { ok, warn } from "../../finding.ts";

const LONG_SECONDS = 300;

/** Expand asks for a lock on the table again and again, in vain while a transaction that read it stays open. */
export const longTransactions = serverCheck({
  name: "long-transactions",
  refusesOrWarns: "Warns of a transaction that has been open for more than 5 minutes.",
  check({ migration, transactions }) {
    const object = `database "${migration.database}"`;
    if (transactions.kind === "not asked") return [];
    if (transactions.kind === "unread") {
      return warn({
        object,
        message: `could not be asked for its open transactions: ${transactions.problem}`,
        remedy: "Check pg_stat_activity for long ones",
      });
    }
    const { oldest, hidden } = transactions.value;
    if (oldest !== undefined && oldest.seconds > LONG_SECONDS) {
      return warn({
        object: oldest.owner,
        message: `has had a transaction open for ${durationText(oldest.seconds)} (${oldest.state}): expand gets no lock on a table that it has used, and no index build ends before it`,
        remedy: "Let it end, or end it with pg_terminate_backend, before the start",
      });
    }
    return ok(object, `has no transaction open for more than 5 min${hiddenText(hidden)}`);
  },
});

function hiddenText(hidden: number): string {
  if (hidden === 0) return "";
  return ` that the role may see; ${counted(hidden, "session")} of other roles not visible (GRANT pg_monitor shows them)`;
}
