import type { Migration } from "../migration/schema.ts";
import type { PlanEstimates, PlannedTable } from "./plan.ts";

/**
 * Rows that one worker brings over in a second, and the WAL that a row costs: measured by `bench/backfill` on
 * PostgreSQL 17, two cores and rows of about 200 bytes. An estimate is for planning; a run reports its own rate.
 */
const ROWS_PER_SECOND_AND_WORKER = 35_000;
const WAL_BYTES_PER_ROW = 650;
/** Past a few workers the disk decides, not their number. */
const WORKERS_THAT_HELP = 4;

export function estimate(
  table: Pick<PlannedTable, "rows" | "bytes" | "blocks">,
  backfill: Migration["backfill"],
): PlanEstimates {
  const rate = ROWS_PER_SECOND_AND_WORKER * Math.min(backfill.workers, WORKERS_THAT_HELP);
  return {
    shards: Math.ceil(table.blocks / backfill.shard_blocks),
    backfillSeconds: Math.ceil(table.rows / rate),
    walBytes: table.rows * WAL_BYTES_PER_ROW,
    extraBytes: table.bytes,
  };
}
