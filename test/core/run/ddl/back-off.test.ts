import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { backOff } from "../../../../core/run/ddl/back-off.ts";

const of = (tries: number, seed = "run/step"): number => backOff({ tries, baseSeconds: 1, maxSeconds: 30, seed });

describe("back-off", () => {
  it("waits between half and all of twice the last ceiling, and never more than the maximum", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5_000 }), fc.string(), (tries, seed) => {
        const ceiling = Math.min(30, 2 ** (tries - 1));
        expect(of(tries, seed)).toBeGreaterThanOrEqual(ceiling / 2);
        expect(of(tries, seed)).toBeLessThanOrEqual(ceiling);
      }),
    );
  });

  it("spreads callers that were refused at the same moment", () => {
    expect(new Set(Array.from({ length: 20 }, (_, caller) => of(6, `run-${String(caller)}/step`))).size).toBe(20);
  });

  it("waits the same for the same try, since core has no randomness", () => {
    expect(of(3)).toBe(of(3));
  });
});
