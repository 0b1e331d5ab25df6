import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalHash, canonicalJson } from "../../../core/plan/canonical.ts";

describe("canonical JSON", () => {
  it("sorts keys at every depth, keeps lists in order and leaves out what is undefined", () => {
    expect(canonicalJson({ b: [{ d: 1, c: null }, "x"], a: undefined, A: true })).toBe(
      '{"A":true,"b":[{"c":null,"d":1},"x"]}',
    );
  });

  it("reads back as the same value, and is the same text again", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = canonicalJson(value);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
        expect(canonicalJson(JSON.parse(text))).toBe(text);
      }),
    );
  });

  it.each([[Number.NaN], [Infinity], [1n], [new Date(0)], [new Map()], [() => 1], [[undefined]]])(
    "refuses what is not plain data: %s",
    (value) => {
      expect(() => canonicalJson({ value })).toThrow(TypeError);
    },
  );

  it("has the SHA-256 of its text as its hash", () => {
    expect(canonicalHash({})).toBe("44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a");
  });
});
