/** Blocks in one batch, whatever the controller says: one statement stays far from the Data API's 45 s. */
const MAX_BLOCKS = 4_096;
/** Grows by half at the most from one batch to the next, so that one quick batch does not bring a slow one. */
const GROWTH = 1.5;
/** Beyond this multiple of the target, the batch met something that the last one did not: start small again. */
const RUNAWAY = 5;

/**
 * The next batch's size in blocks, so that it takes the target time: in proportion to the last one, as spirit
 * (https://github.com/block/spirit) does it, with its limits on growth and for a runaway batch.
 */
export function nextBatchBlocks(last: {
  readonly blocks: number;
  readonly tookMs: number;
  readonly targetMs: number;
}): number {
  const { blocks, tookMs, targetMs } = last;
  if (tookMs > RUNAWAY * targetMs) return Math.max(1, Math.floor(blocks / 10));
  const proportional = (blocks * targetMs) / Math.max(1, tookMs);
  return Math.max(1, Math.min(Math.floor(proportional), Math.ceil(blocks * GROWTH), MAX_BLOCKS));
}
