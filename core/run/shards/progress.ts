import type { Session } from "../../ports.ts";
import { sql } from "../../sql/statement.ts";

/** How far one job of a run is. Blocks are of 8 KiB. */
export interface Progress {
  /** `backfill`, `validate-before-cutover` or `validate-before-contract`. */
  readonly job: string;
  readonly shards: { readonly done: number; readonly total: number };
  readonly blocks: { readonly done: number; readonly total: number };
  /** Rows that the backfill wrote; the triggers' work is not in it. */
  readonly rowsSynced: number;
  readonly rowsPerSecond: number;
  /** Seconds; absent before there is a rate, and when nothing is left. */
  readonly etaSeconds?: number;
  /** Rows in which old and new differ; only a validation knows. */
  readonly mismatches: number;
}

/** Every job that has shards, in the order in which they began. */
export async function readProgress(
  session: Session,
  { planHash, runId }: { readonly planHash: string; readonly runId: string },
): Promise<readonly Progress[]> {
  const rows = await session.execute(sql`
    SELECT split_part(s.job, '@', 1) AS job, count(*) AS shards, count(s.done_at) AS shards_done,
      sum(coalesce(s.to_block, s.from_block) - s.from_block)::text AS blocks,
      sum(LEAST(s.next_block, coalesce(s.to_block, s.from_block)) - s.from_block)::text AS blocks_done,
      sum(s.rows_changed)::text AS rows_changed,
      CAST(extract(epoch FROM coalesce(max(s.done_at) FILTER (WHERE s.done_at IS NOT NULL), clock_timestamp())
        - min(s.started_at)) AS double precision) AS busy_seconds,
      CAST(extract(epoch FROM clock_timestamp() - min(s.started_at)) AS double precision) AS open_seconds,
      coalesce((SELECT sum(c.mismatches) FROM sluice."check" AS c
                WHERE c.plan_hash = ${planHash} AND c.job = s.job
                  AND c.filenode = pg_relation_filenode(c.relation)), 0)::text AS mismatches
    FROM sluice.shard AS s
    WHERE s.plan_hash = ${planHash} AND (s.job = 'backfill' OR substr(s.job, strpos(s.job, '@') + 1) = ${runId})
      AND s.filenode = pg_relation_filenode(s.relation)
    GROUP BY s.job ORDER BY min(s.started_at) NULLS LAST`);
  return rows.map((row) => toProgress((key) => Number(row[key] ?? 0), String(row["job"])));
}

function toProgress(number: (key: string) => number, job: string): Progress {
  const shards = { done: number("shards_done"), total: number("shards") };
  const blocks = { done: number("blocks_done"), total: number("blocks") };
  const finished = shards.done === shards.total;
  const seconds = number(finished ? "busy_seconds" : "open_seconds");
  const rowsSynced = number("rows_changed");
  const blocksPerSecond = seconds > 0 ? blocks.done / seconds : 0;
  return {
    job,
    shards,
    blocks,
    rowsSynced,
    rowsPerSecond: seconds > 0 ? Math.round(rowsSynced / seconds) : 0,
    ...(!finished && blocksPerSecond > 0 && { etaSeconds: Math.ceil((blocks.total - blocks.done) / blocksPerSecond) }),
    mismatches: number("mismatches"),
  };
}
