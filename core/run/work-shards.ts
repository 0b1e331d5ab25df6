import { sendBatch } from "../ledger/batch.ts";
import { isLockConflict } from "../ledger/lock-conflict.ts";
import {
  claimShard,
  countShards,
  nextLeaseEnd,
  releaseShard,
  type ClaimedShard,
  type ShardJob,
} from "../ledger/shard.ts";
import type { Clock, Database } from "../ports.ts";
import { done, more, wait, type StepResult } from "./step-result.ts";

/** What a worker does with shards: the statement, and how much of it at once. */
export interface ShardWork {
  readonly job: ShardJob;
  /** The worker's name in the ledger, for people. */
  readonly worker: string;
  readonly template: string;
  readonly sliceSeconds: number;
  readonly leaseSeconds: number;
  readonly lockTimeoutMs: number;
  /** Blocks in the first batch; infinite: each shard is one batch. */
  readonly initialBatchBlocks: number;
  readonly nextBatchBlocks: (last: { readonly blocks: number; readonly tookMs: number }) => number;
}

/** A row that somebody holds for long: look again after this. */
const LOCKED_ROW_WAIT_SECONDS = 2;
/** The last shards are with other workers: look again after this, in case one of them dies. */
const IDLE_WAIT_SECONDS = 2;

/**
 * Works through shards for one slice: claims the next free one, sends batches until it is done, claims another.
 * Dying at any line loses nothing: each batch moved the cursor in its own statement, and the lease runs out.
 */
export async function workShards(database: Database, clock: Clock, work: ShardWork): Promise<StepResult> {
  const end = clock.now().getTime() + work.sliceSeconds * 1_000;
  const slice: Slice = { database, clock, work, end, blocks: work.initialBatchBlocks, rows: 0 };
  while (clock.now().getTime() < end) {
    const shard = await claimShard(database, work.job, work);
    if (!shard) return nothingFree(slice);
    const outcome = await workShard(slice, shard);
    if (outcome === "locked") {
      await releaseShard(database, work.job, shard);
      return wait(LOCKED_ROW_WAIT_SECONDS, `${progress(slice)}; a row is locked by a long transaction`);
    }
    if (outcome === "slice over") await releaseShard(database, work.job, shard);
  }
  return more(progress(slice));
}

interface Slice {
  readonly database: Database;
  readonly clock: Clock;
  readonly work: ShardWork;
  /** Milliseconds since the epoch. */
  readonly end: number;
  /** Carried from shard to shard, since what a batch costs is much the same in all of them. */
  blocks: number;
  rows: number;
}

async function workShard(slice: Slice, shard: ClaimedShard): Promise<"done" | "lost" | "locked" | "slice over"> {
  const { clock, work } = slice;
  let from = shard.nextBlock;
  while (clock.now().getTime() < slice.end) {
    const started = clock.now().getTime();
    const to = Math.min(from + slice.blocks, shard.toBlock);
    const sent = await trySend(slice, { ...work, shard, fromBlock: from, toBlock: to });
    if (sent === "locked") {
      const smaller = Math.max(1, Math.floor(slice.blocks / 10));
      if (smaller === slice.blocks) return "locked";
      slice.blocks = smaller;
      continue;
    }
    if (!sent.claimed) return "lost";
    slice.rows += sent.rows;
    if (to === shard.toBlock) return "done";
    slice.blocks = work.nextBatchBlocks({ blocks: to - from, tookMs: clock.now().getTime() - started });
    from = to;
  }
  return "slice over";
}

async function trySend(
  { database, work }: Slice,
  batch: Parameters<typeof sendBatch>[2],
): Promise<"locked" | Awaited<ReturnType<typeof sendBatch>>> {
  try {
    return await sendBatch(database, work.template, batch);
  } catch (error) {
    if (isLockConflict(error)) return "locked";
    throw error;
  }
}

async function nothingFree({ database, work, ...slice }: Slice): Promise<StepResult> {
  const { pending } = await countShards(database, work.job);
  if (pending === 0) return done(progress(slice));
  const seconds = await nextLeaseEnd(database, work.job);
  return wait(
    Math.min(seconds, IDLE_WAIT_SECONDS),
    `${progress(slice)}; the last ${String(pending)} shards are with other workers`,
  );
}

function progress({ rows }: Pick<Slice, "rows">): string {
  return `${String(rows)} rows in this slice`;
}
