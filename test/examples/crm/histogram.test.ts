import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Histogram } from "../../../examples/crm/histogram.ts";

function filled(values: readonly number[]): Histogram {
  const histogram = new Histogram();
  for (const value of values) histogram.record(value);
  return histogram;
}

describe("Histogram", () => {
  it("keeps every percentile within a 64th of the exact one", () => {
    const values = fc.array(fc.integer({ min: 0, max: 2 ** 31 - 1 }), { minLength: 1, maxLength: 300 });
    fc.assert(
      fc.property(values, fc.integer({ min: 1, max: 100 }), (sample, percent) => {
        const sorted = [...sample].sort((a, b) => a - b);
        const exact = sorted[Math.ceil((percent / 100) * sorted.length) - 1]!;
        const found = filled(sample).percentile(percent);
        expect(found).toBeGreaterThanOrEqual(exact);
        expect(found).toBeLessThanOrEqual(exact * (1 + 1 / 64));
      }),
    );
  });

  it("adds up to what one histogram over both samples holds", () => {
    const sum = filled([1, 500, 70_000]);
    sum.add(filled([3, 1_000_000]));
    expect(sum.buckets()).toEqual(filled([1, 3, 500, 70_000, 1_000_000]).buckets());
    expect([sum.count, sum.max]).toEqual([5, 1_000_000]);
  });

  it("says 0 where nothing was recorded", () => {
    expect([new Histogram().percentile(99), new Histogram().max]).toEqual([0, 0]);
  });
});
