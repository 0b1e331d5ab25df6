import { describe, expect, it } from "vitest";
import { count, counted } from "../../core/counted.ts";

describe("a counted noun", () => {
  it("is singular for one, and plural for none and more", () => {
    expect([0, 1, 2, 2_048].map((value) => counted(value, "shard"))).toEqual([
      "0 shards",
      "1 shard",
      "2 shards",
      "2,048 shards",
    ]);
  });

  it("has the plural that it is given", () => {
    expect([1, 2].map((value) => counted(value, "index", "indexes"))).toEqual(["1 index", "2 indexes"]);
  });
});

describe("a count", () => {
  it("is a whole number, grouped", () => {
    expect([0, 999, 1_000, 1_234_567.5].map(count)).toEqual(["0", "999", "1,000", "1,234,568"]);
  });
});
