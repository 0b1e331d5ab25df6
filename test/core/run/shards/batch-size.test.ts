import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nextBatchBlocks } from "../../../../core/run/shards/batch-size.ts";

describe("the size of the next batch", () => {
  it.each([
    { title: "stays where the last one took its target", blocks: 64, tookMs: 250, next: 64 },
    { title: "halves where the last one took twice its target", blocks: 64, tookMs: 500, next: 32 },
    { title: "grows by half at the most", blocks: 64, tookMs: 1, next: 96 },
    { title: "grows from one block", blocks: 1, tookMs: 1, next: 2 },
    { title: "follows the time between", blocks: 64, tookMs: 200, next: 80 },
    {
      title: "starts small again after a batch that took more than five times its target",
      blocks: 64,
      tookMs: 1_251,
      next: 6,
    },
    { title: "never goes below one block", blocks: 1, tookMs: 60_000, next: 1 },
    { title: "stays within 4,096 blocks", blocks: 4_000, tookMs: 10, next: 4_096 },
    { title: "copes with a clock that did not move", blocks: 10, tookMs: 0, next: 15 },
  ])("$title", ({ blocks, tookMs, next }) => {
    expect(nextBatchBlocks({ blocks, tookMs, targetMs: 250 })).toBe(next);
  });

  it("settles near the target from anywhere, where a block always costs the same", () => {
    const cost = fc.double({ min: 0.1, max: 50, noNaN: true });
    fc.assert(
      fc.property(cost, fc.integer({ min: 1, max: 4_096 }), (msPerBlock, start) => {
        let blocks = start;
        for (let batch = 0; batch < 60; batch += 1) {
          blocks = nextBatchBlocks({ blocks, tookMs: Math.round(blocks * msPerBlock), targetMs: 250 });
        }
        const ideal = Math.min(4_096, 250 / msPerBlock);
        expect(blocks).toBeLessThanOrEqual(Math.ceil(ideal * 1.5));
        expect(blocks).toBeGreaterThanOrEqual(Math.max(1, Math.floor(ideal / 1.5)));
      }),
    );
  });
});
