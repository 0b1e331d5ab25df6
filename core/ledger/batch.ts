/**
 * One batch = one statement. It takes the shard's row by key, fencing token and cursor; writes the data only if it
 * got the row; and moves the cursor. It is atomic, one round trip, and sending it twice changes nothing: the second
 * finds another cursor. A worker whose token is old finds no row.
 *
 * The templates stand in the plan; `{relation}` is the table or the leaf partition, quoted.
 */
import type { Session } from "../ports.ts";
import { fragment, join, raw, type ParameterValue, type Raw } from "../sql/statement.ts";
import type { ClaimedShard, ShardJob } from "./shard.ts";

const KEY =
  raw(`plan_hash = :plan AND job = :job AND relation = CAST(:relation AS oid) AND filenode = CAST(:filenode AS oid)
    AND from_block = CAST(:shard AS bigint)`);

/**
 * The filenode is compared after the statement has taken its lock on the relation, so no rewrite can come between.
 * `set_config(..., true)` lasts for this statement: no batch waits for a row longer than the plan's lock_timeout
 * while it holds others. It is set where the shard's row is locked, before the first row of the table is.
 */
const CLAIM = fragment`claim AS MATERIALIZED (
  SELECT set_config('lock_timeout', :lock_timeout, true) FROM sluice.shard
  WHERE ${KEY}
    AND token = CAST(:token AS bigint) AND next_block = CAST(:from_block AS bigint) AND done_at IS NULL
    AND pg_relation_filenode(relation) = filenode
  FOR UPDATE
)`;

const BLOCKS = raw("t.ctid >= CAST(:from_tid AS tid) AND t.ctid < CAST(:to_tid AS tid)");

const advance = (rowsChanged: Raw): Raw => fragment`progress AS (
  UPDATE sluice.shard
  SET next_block = CAST(:to_block AS bigint), rows_changed = rows_changed + ${rowsChanged}, batches = batches + 1,
      lease_until = clock_timestamp() + make_interval(secs => CAST(:lease_seconds AS double precision)),
      done_at = CASE WHEN CAST(:last AS boolean) THEN clock_timestamp() END
  WHERE ${KEY} AND EXISTS (SELECT FROM claim)
  RETURNING 1
)`;

/** Writes the rows of a range of blocks that are not in agreement yet. */
export function backfillTemplate(pairs: readonly Pick<PairColumns, "derive" | "isDistinct">[]): string {
  const derive = join(pairs.map((pair) => pair.derive));
  return fragment`WITH ${CLAIM}, batch AS (
  UPDATE ONLY {relation} AS t SET ${derive}
  WHERE ${BLOCKS} AND ${anyDistinct(pairs)} AND EXISTS (SELECT FROM claim)
  RETURNING 1
), ${advance(raw("(SELECT count(*) FROM batch)"))}
SELECT (SELECT count(*) FROM progress) AS claimed, (SELECT count(*) FROM batch) AS rows`.text;
}

/** Two columns that must be equal, as SQL over a row with the alias `t`. */
export interface PairColumns {
  /** `SET` clause that derives the new side. */
  readonly derive: Raw;
  readonly isDistinct: Raw;
  readonly old: Raw;
  readonly new: Raw;
}

export interface ScanColumns {
  readonly segments: readonly Raw[];
  /** Segment as JSON text, over the grouped columns. */
  readonly segment: Raw;
  readonly pairs: readonly Pick<PairColumns, "isDistinct" | "old" | "new">[];
}

function anyDistinct(pairs: readonly Pick<PairColumns, "isDistinct">[]): Raw {
  const [only, ...more] = pairs.map(({ isDistinct }) => isDistinct);
  return only && more.length === 0
    ? only
    : fragment`(${join(
        pairs.map(({ isDistinct }) => isDistinct),
        " OR ",
      )})`;
}

/** Any number does, and one more for each further pair; a constant makes the sums of two runs comparable. */
const HASH_SEED = 5_101;

/**
 * Reads a range of blocks once and records, by segment: rows, rows in which a pair differs, and over all pairs the
 * nulls and the sums of a 64-bit seeded hash of both sides.
 */
export function scanTemplate(columns: ScanColumns): string {
  const sums = (term: (pair: ScanColumns["pairs"][number], index: number) => Raw): Raw =>
    join(columns.pairs.map(term), " + ");
  const nulls = (side: "old" | "new"): Raw => sums((pair) => fragment`count(*) FILTER (WHERE ${pair[side]} IS NULL)`);
  const hash = (side: "old" | "new"): Raw =>
    sums((pair, index) => {
      const seed = raw(String(HASH_SEED + index));
      return fragment`coalesce(sum(hashtextextended(CAST(${pair[side]} AS text), ${seed})), 0)`;
    });
  const groupBy =
    columns.segments.length === 0 ? raw("") : raw(` GROUP BY ${columns.segments.map((s) => s.text).join(", ")}`);
  return fragment`WITH ${CLAIM}, scan AS (
  SELECT ${columns.segment} AS segment, count(*) AS rows,
    ${nulls("old")} AS old_nulls, ${nulls("new")} AS new_nulls,
    count(*) FILTER (WHERE ${anyDistinct(columns.pairs)}) AS mismatches, ${hash("old")} AS old_hash, ${hash("new")} AS new_hash
  FROM ONLY {relation} AS t
  WHERE ${BLOCKS} AND EXISTS (SELECT FROM claim)${groupBy}
), recorded AS (
  INSERT INTO sluice."check"
  SELECT CAST(:plan AS text), CAST(:job AS text), CAST(:relation AS oid), CAST(:filenode AS oid), CAST(:shard AS bigint), scan.* FROM scan
  WHERE EXISTS (SELECT FROM claim)
  ON CONFLICT DO NOTHING
), ${advance(raw("0"))}
SELECT (SELECT count(*) FROM progress) AS claimed, coalesce((SELECT sum(rows) FROM scan), 0) AS rows`.text;
}

export interface Batch {
  readonly job: ShardJob;
  readonly shard: ClaimedShard;
  readonly fromBlock: number;
  /** Exclusive. */
  readonly toBlock: number;
  readonly lockTimeoutMs: number;
  readonly leaseSeconds: number;
}

/**
 * Sends one batch. `claimed` false: the shard has another owner, or its relation was rewritten; nothing was written.
 *
 * @throws DatabaseError 55P03 where a row's lock was not to be had in time; nothing was written.
 */
export async function sendBatch(
  session: Session,
  template: string,
  batch: Batch,
): Promise<{ readonly claimed: boolean; readonly rows: number }> {
  const { job, shard } = batch;
  const parameters: Record<string, ParameterValue> = {
    plan: job.planHash,
    job: job.job,
    relation: shard.relation,
    filenode: shard.filenode,
    shard: shard.fromBlock,
    token: shard.token,
    from_block: batch.fromBlock,
    to_block: batch.toBlock,
    from_tid: `(${String(batch.fromBlock)},0)`,
    to_tid: `(${String(batch.toBlock)},0)`,
    last: batch.toBlock === shard.toBlock,
    lock_timeout: `${String(batch.lockTimeoutMs)}ms`,
    lease_seconds: batch.leaseSeconds,
  };
  const text = template.replaceAll("{relation}", () => shard.relationName);
  const [row] = await session.execute({ text, parameters });
  return { claimed: Number(row?.["claimed"] ?? 0) === 1, rows: Number(row?.["rows"] ?? 0) };
}
