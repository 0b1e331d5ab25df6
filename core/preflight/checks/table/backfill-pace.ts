import { counted } from "../../../counted.ts";
import type { Migration } from "../../../migration/schema.ts";
import { estimate } from "../../../plan/estimate.ts";
import { bytesText, durationText } from "../../../amounts.ts";
import type { Finding, TableContext } from "../../check.ts";
import { tableCheck } from "../../define-check.ts";
import { ok, orOk, warn } from "../../finding.ts";
import { tableObject } from "../../object-names.ts";

/** A batch holds the locks of its rows to its end, and every writer of one of them waits for that. */
const MAX_BATCH_MS = 2_000;
/** So many workers are never too many: it is the default. */
const FEW_WORKERS = 2;
/** Share of the server's connections that workers may take, each has one, and leave the application its own. */
const CONNECTION_SHARE = 1 / 4;
const VERY_LARGE_BYTES = 10 * 2 ** 30;

/** A backfill is throttled by its batch and its workers, and by no window of time, which is up to the operator. */
export const backfillPace = tableCheck({
  name: "backfill-pace",
  refusesOrWarns:
    "Warns of batches above 2 s, of too many workers, and of a table of more than 10 GiB, which has its peak hours.",
  check(context) {
    const { migration, table } = context;
    const problems = [batch(migration), idleWorkers(context), connections(context), peak(context)].filter(
      (problem) => problem !== undefined,
    );
    const { workers } = migration.backfill;
    return orOk(
      problems,
      ok(tableObject(table), `has its existing rows backfilled by ${counted(workers, "worker")} in short batches`),
    );
  },
});

function batch({ backfill }: Migration): Finding | undefined {
  const { target } = backfill.batch;
  if (target <= MAX_BATCH_MS) return undefined;
  return warn({
    object: "backfill.batch.target",
    message: `is ${String(target / 1_000)} s: a write of a row in the batch may have to wait for that long`,
    remedy: 'Set it to "2s" or less; "250ms" is the default',
  });
}

function idleWorkers({ migration: { backfill }, table }: TableContext): Finding | undefined {
  const { shards } = estimate(table, backfill);
  if (backfill.workers <= Math.max(FEW_WORKERS, shards)) return undefined;
  return warn({
    object: "backfill.workers",
    message: `is ${String(backfill.workers)}, and the table has no more than ${counted(shards, "shard")}: the others would be idle`,
    remedy: `Set it to ${String(Math.max(FEW_WORKERS, shards))} or less, or lower backfill.shard_blocks`,
  });
}

function connections({ migration: { backfill, validate }, catalog: { settings } }: TableContext): Finding | undefined {
  const workers = Math.max(backfill.workers, validate.workers);
  if (settings === undefined) return undefined;
  const most = Math.max(FEW_WORKERS, Math.floor(settings.maxConnections * CONNECTION_SHARE));
  if (workers <= most) return undefined;
  return warn({
    object: backfill.workers === workers ? "backfill.workers" : "validate.workers",
    message: `is ${String(workers)}, each with a connection of its own, of the server's ${String(settings.maxConnections)}`,
    remedy: `Set it to ${String(most)} or less, which leaves the application three quarters of them`,
  });
}

function peak({ migration: { backfill }, table }: TableContext): Finding | undefined {
  if (table.bytes <= VERY_LARGE_BYTES) return undefined;
  const { backfillSeconds } = estimate(table, backfill);
  return warn({
    object: tableObject(table),
    message: `has ${bytesText(table.bytes)}, some ${durationText(backfillSeconds)} of backfill, and there is no soft window in this version`,
    remedy: "Start it outside the peak, and pause it with sluice pause when the peak begins",
  });
}
