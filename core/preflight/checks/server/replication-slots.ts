import { estimate } from "../../../plan/estimate.ts";
import { bytesText } from "../../amounts.ts";
import type { CheckResult, PreflightContext } from "../../check.ts";
import { findings } from "../../finding.ts";

const { ok, warn } = findings("replication-slots");

/** A slot without a reader keeps all the WAL that the backfill writes, until the disk is full. */
export function replicationSlots({
  migration,
  catalog,
  slots,
}: PreflightContext): CheckResult | readonly CheckResult[] {
  const object = "server";
  if (slots.kind === "not asked") return [];
  if (slots.kind === "unread") {
    return warn({
      object,
      message: `could not be asked for its replication slots: ${slots.problem}`,
      remedy: "Look for inactive ones in pg_replication_slots by hand",
    });
  }
  if (slots.value.length === 0) return ok(object, "has no replication slot that holds WAL for nobody");
  const wal = catalog.table ? estimate(catalog.table, migration.backfill).walBytes : 0;
  const more = wal > 0 ? `; the backfill writes about ${bytesText(wal)} more` : "";
  return slots.value.map(({ name, bytes }) =>
    warn({
      object: `replication slot "${name}"`,
      message: `has no reader and holds ${bytesText(bytes)} of WAL${more}`,
      remedy: "Let its reader catch up, or drop it with pg_drop_replication_slot",
    }),
  );
}
