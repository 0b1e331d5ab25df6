import { messageName } from "../../../sql/message-name.ts";
import { estimate } from "../../../plan/estimate.ts";
import { bytesText } from "../../../amounts.ts";
import { serverCheck } from "../../define-check.ts";
import { ok, warn } from "../../finding.ts";

/** A slot without a reader keeps all the WAL that the backfill writes, until the disk is full. */
export const replicationSlots = serverCheck({
  name: "replication-slots",
  refusesOrWarns: "Warns of a slot without a reader, which keeps all the WAL that the backfill writes.",
  check({ migration, catalog, slots }) {
    const object = "server";
    if (slots.kind === "not asked") return [];
    if (slots.kind === "unread") {
      return warn({
        object,
        message: `could not be asked for its replication slots: ${slots.problem}`,
        remedy: "Check pg_replication_slots for inactive ones",
      });
    }
    if (slots.value.length === 0) return ok(object, "has no inactive replication slot that retains WAL");
    const wal = catalog.table ? estimate(catalog.table, migration.backfill).walBytes : 0;
    const more = wal > 0 ? `; the backfill writes about ${bytesText(wal)} more` : "";
    return slots.value.map(({ name, bytes }) =>
      warn({
        object: `replication slot ${messageName(name)}`,
        message: `is inactive and retains ${bytesText(bytes)} of WAL${more}`,
        remedy: "Reconnect its consumer and let it catch up, or drop it with pg_drop_replication_slot",
      }),
    );
  },
});
