import { describe, expect, it } from "vitest";
import { percent } from "../../core/percent.ts";

describe("a share", () => {
  it.each([
    [0, "0 %"],
    [0.0005, "0.05 %"],
    [0.07, "7 %"],
    [1 / 3, "33.3 %"],
    [1, "100 %"],
  ])("of %s is written as %s", (share, expected) => {
    expect(percent(share)).toBe(expected);
  });
});
