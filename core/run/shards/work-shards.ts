import { sendBatch } from "../../ledger/batch.ts";
import { isLockConflict } from "../../ledger/lock-conflict.ts";
import {
  claimShard,
  countShards,
  nextLeaseEnd,
  releaseShard,
  type ClaimedShard,
  type ShardJob,
} from "../../ledger/shard.ts";
import { DatabaseError, StatementTimeout } from "../../errors.ts";
import type { Clock, Database } from "../../ports.ts";
import { done, more, wait, type StepResult } from "../step-result.ts";

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
  /** Whether the run may still go on; asked between batches, at most once a second. */
  readonly mayGoOn: () => Promise<boolean>;
}

/** A shard in which somebody holds a row for long rests for this, and the others have their turn. */
const LOCKED_SHARD_REST_SECONDS = 3;
/** Nothing but such shards is left: each look is some 9 events of the 25,000 that the worker's execution may have. */
const LOCKED_ROW_WAIT_SECONDS = 10;
/** A read of the run registry a worker and second: a pause stops every batch after the one that runs. */
const LOOK_INTERVAL_MS = 1_000;
/** The last shards are with other workers: look again after this, in case one of them dies. */
const IDLE_WAIT_SECONDS = 2;

/**
 * Works through shards for one slice: claims the next free one, sends batches until it is done, claims another.
 * Dying at any line loses nothing: each batch moved the cursor in its own statement, and the lease runs out.
 *
 * @returns `interrupted` where the run may not go on; the shard in hand was given back.
 */
export async function workShards(
  database: Database,
  clock: Clock,
  work: ShardWork,
): Promise<StepResult | "interrupted"> {
  const now = clock.now().getTime();
  const slice: Slice = {
    database,
    clock,
    work,
    end: now + work.sliceSeconds * 1_000,
    lookedAt: now,
    blocks: work.initialBatchBlocks,
    rows: 0,
    locked: false,
  };
  while (clock.now().getTime() < slice.end) {
    if (await interrupted(slice)) return "interrupted";
    const shard = await claimShard(database, work.job, work);
    if (!shard) return nothingFree(slice);
    const outcome = await workOrGiveBack(slice, shard);
    if (outcome === "interrupted") return outcome;
  }
  return more(progress(slice));
}

interface Slice {
  readonly database: Database;
  readonly clock: Clock;
  readonly work: ShardWork;
  /** Milliseconds since the epoch. */
  readonly end: number;
  /** When it was last asked whether the run may go on; milliseconds since the epoch. */
  lookedAt: number;
  /** Carried from shard to shard, since what a batch costs is much the same in all of them. */
  blocks: number;
  rows: number;
  /** Whether a row of a shard was held for longer than a batch waits. */
  locked: boolean;
}

type Outcome = "done" | "lost" | "locked" | "slice over" | "interrupted";

/** Gives the shard back where it is not done, so that nobody has to wait for its lease. */
async function workOrGiveBack(slice: Slice, shard: ClaimedShard): Promise<Outcome> {
  const { database, work } = slice;
  const outcome = await workShard(slice, shard);
  if (outcome === "locked") {
    slice.locked = true;
    await releaseShard(database, work.job, { ...shard, restSeconds: LOCKED_SHARD_REST_SECONDS });
  }
  if (outcome === "slice over" || outcome === "interrupted") await releaseShard(database, work.job, shard);
  return outcome;
}

async function workShard(slice: Slice, shard: ClaimedShard): Promise<Outcome> {
  const { clock, work } = slice;
  let from = shard.nextBlock;
  while (clock.now().getTime() < slice.end) {
    if (await interrupted(slice)) return "interrupted";
    const started = clock.now().getTime();
    const to = Math.min(from + slice.blocks, shard.toBlock);
    const sent = await trySend(slice, { ...work, shard, fromBlock: from, toBlock: to });
    if (sent === "locked") {
      if (smaller(slice.blocks) === slice.blocks) return "locked";
      slice.blocks = smaller(slice.blocks);
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

async function interrupted(slice: Slice): Promise<boolean> {
  const now = slice.clock.now().getTime();
  if (now - slice.lookedAt < LOOK_INTERVAL_MS) return false;
  slice.lookedAt = now;
  return !(await slice.work.mayGoOn());
}

/** The same where a batch is as small as it can be: a block, or a whole shard where that is one batch. */
function smaller(blocks: number): number {
  return Math.max(1, Math.floor(blocks / 10));
}

async function trySend(
  { database, work, blocks }: Slice,
  batch: Parameters<typeof sendBatch>[2],
): Promise<"locked" | Awaited<ReturnType<typeof sendBatch>>> {
  try {
    return await sendBatch(database, work.template, batch);
  } catch (error) {
    if (isLockConflict(error)) return "locked";
    // Many short waits for rows, or one for the table, add up. If it took effect all the same, the cursor has moved on.
    if (error instanceof StatementTimeout && smaller(blocks) < blocks) return "locked";
    // The partition was dropped, or has another name by now: the next claim knows.
    if (error instanceof DatabaseError && error.sqlState === UNDEFINED_TABLE) return { claimed: false, rows: 0 };
    throw error;
  }
}

const UNDEFINED_TABLE = "42P01";

async function nothingFree({ database, work, ...slice }: Slice): Promise<StepResult> {
  const { pending } = await countShards(database, work.job);
  if (pending === 0) return done(progress(slice));
  if (slice.locked) return wait(LOCKED_ROW_WAIT_SECONDS, `${progress(slice)}; a row is locked by a long transaction`);
  const seconds = await nextLeaseEnd(database, work.job);
  return wait(
    Math.min(seconds, IDLE_WAIT_SECONDS),
    `${progress(slice)}; the last ${String(pending)} shards are with other workers`,
  );
}

function progress({ rows }: Pick<Slice, "rows">): string {
  return `${String(rows)} rows in this slice`;
}
