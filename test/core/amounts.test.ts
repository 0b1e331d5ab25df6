import { describe, expect, it } from "vitest";
import { bytesText, durationText } from "../../core/amounts.ts";

describe("an amount", () => {
  it("of bytes has the largest unit that it fills", () => {
    expect([0, 1, 1_023, 1_024, 1_536, 2 ** 20, 2 ** 30, 1.25 * 2 ** 40, 2 ** 60].map(bytesText)).toEqual([
      "0 bytes",
      "1 byte",
      "1,023 bytes",
      "1 KiB",
      "1.5 KiB",
      "1 MiB",
      "1 GiB",
      "1.25 TiB",
      "1048576 TiB",
    ]);
  });

  it("of time has the largest unit that it has two of", () => {
    expect([0, 0.9, 119, 120, 7_199, 7_200, 172_799, 172_800].map(durationText)).toEqual([
      "0 s",
      "0 s",
      "119 s",
      "2 min",
      "119 min",
      "2 h",
      "47 h",
      "2 days",
    ]);
  });
});
