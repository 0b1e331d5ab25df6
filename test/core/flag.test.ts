import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Exposure,
  flagDocument,
  type FlagState,
  NOBODY,
  OLD_PATH,
  parseFlag,
  route,
  sameFlagState,
} from "../../core/flag.ts";

const exposure: fc.Arbitrary<Exposure> = fc.record({
  percent: fc.integer({ min: 0, max: 100 }),
  tenants: fc.array(fc.string({ minLength: 1 }), { maxLength: 3 }),
  regions: fc.array(fc.string({ minLength: 1 }), { maxLength: 3 }),
});
const flagState: fc.Arbitrary<FlagState> = fc.record({ read: exposure, write: exposure });
const reading = (read: Partial<Exposure>): FlagState => ({ read: { ...NOBODY, ...read }, write: NOBODY });

describe("the flag's document", () => {
  it("gives back the state that it was made of, whole or as AppConfig serves it", () => {
    fc.assert(
      fc.property(flagState, (state) => {
        const document = flagDocument("m", state) as { readonly values: object };
        expect(parseFlag("m", JSON.stringify(document))).toEqual(state);
        expect(parseFlag("m", JSON.stringify(document.values))).toEqual(state);
      }),
    );
  });

  it("declares every attribute that it gives a value, and holds no empty list", () => {
    fc.assert(
      fc.property(flagState, (state) => {
        const { flags, values } = flagDocument("m", state) as Record<"flags" | "values", { m: object }>;
        const { enabled, ...attributes } = values.m as Record<string, unknown>;
        expect(enabled).toBe(true);
        expect(Object.keys((flags.m as { attributes: object }).attributes)).toEqual(
          expect.arrayContaining(Object.keys(attributes)),
        );
        for (const value of Object.values(attributes)) expect(value).not.toEqual([]);
      }),
    );
  });

  it("means the old path where somebody switched it off", () => {
    expect(parseFlag("m", '{"m":{"enabled":false,"readPercent":100,"writePercent":100}}')).toEqual(OLD_PATH);
  });

  it.each([
    "",
    "not JSON",
    "[]",
    "{}",
    '{"other":{"enabled":true,"readPercent":1,"writePercent":1}}',
    '{"m":{"readPercent":1,"writePercent":1}}',
    '{"m":{"enabled":true,"readPercent":1}}',
    '{"m":{"enabled":true,"readPercent":"100","writePercent":0}}',
    '{"m":{"enabled":true,"readPercent":101,"writePercent":0}}',
    '{"m":{"enabled":true,"readPercent":1,"writePercent":0,"readTenants":"acme"}}',
    '{"m":{"enabled":true,"readPercent":1,"writePercent":0,"writeRegions":[1]}}',
  ])("is not read out of %j", (text) => {
    expect(parseFlag("m", text)).toBeUndefined();
  });
});

describe("routing a request", () => {
  it("puts everybody on the old path of a flag that exposes nobody", () => {
    const request = { path: "read", subject: "1", tenant: "acme", region: "eu" } as const;
    expect(route("m", OLD_PATH, request)).toBe("old");
  });

  it("lets a tenant or a region in whatever its bucket, on that path alone", () => {
    const state = reading({ tenants: ["acme"], regions: ["eu"] });
    expect(route("m", state, { path: "read", subject: "1", tenant: "acme" })).toBe("new");
    expect(route("m", state, { path: "read", region: "eu" })).toBe("new");
    expect(route("m", state, { path: "read", tenant: "other", region: "us" })).toBe("old");
    expect(route("m", state, { path: "write", tenant: "acme", region: "eu" })).toBe("old");
  });

  it("puts a request without a subject on the new path only when everybody is", () => {
    expect(route("m", reading({ percent: 99 }), { path: "read" })).toBe("old");
    expect(route("m", reading({ percent: 100 }), { path: "read" })).toBe("new");
  });

  it("takes nobody off the new path when the share grows", () => {
    const share = fc.integer({ min: 0, max: 100 });
    fc.assert(
      fc.property(fc.string(), share, share, (subject, a, b) => {
        const [small, large] = a < b ? [a, b] : [b, a];
        const request = { path: "read", subject } as const;
        return (
          route("m", reading({ percent: small }), request) === "old" ||
          route("m", reading({ percent: large }), request) === "new"
        );
      }),
    );
  });
});

describe("two states", () => {
  it("are the same whatever the order of their lists", () => {
    const one = reading({ tenants: ["a", "b"], regions: ["eu"] });
    expect(sameFlagState(one, reading({ tenants: ["b", "a"], regions: ["eu"] }))).toBe(true);
    expect(sameFlagState(one, reading({ tenants: ["a"], regions: ["eu"] }))).toBe(false);
    expect(sameFlagState(one, reading({ tenants: ["a", "c"], regions: ["eu"] }))).toBe(false);
    expect(sameFlagState(one, { ...one, write: { ...NOBODY, percent: 1 } })).toBe(false);
  });
});
