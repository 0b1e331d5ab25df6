import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { identifier, literal, MAX_IDENTIFIER_BYTES, objectName } from "../../../core/sql/identifier.ts";
import { freshDatabase, type FreshDatabase } from "../../support/postgres.ts";

/** What a text may hold in PostgreSQL: any character but NUL, and no half of a surrogate pair. */
const text = (props: fc.StringConstraints = {}): fc.Arbitrary<string> =>
  fc
    .oneof(
      fc.string({ ...props, unit: "binary" }),
      fc.string({ ...props, unit: fc.constantFrom(..."'\"\\$:;%.-/* \n\r\tEeUu&p1é🦉") }),
    )
    .filter((value) => !value.includes("\0"));

const nameText = text({ minLength: 1, maxLength: 24 }).filter(
  (value) => Buffer.byteLength(value) <= MAX_IDENTIFIER_BYTES,
);

describe("an identifier", () => {
  it.each([
    ["contacts", '"contacts"'],
    ["Contacts", '"Contacts"'],
    ["select", '"select"'],
    ['a"b', '"a""b"'],
    ["a.b", '"a.b"'],
    ["a\\b", '"a\\b"'],
    [" ", '" "'],
  ])("%s is quoted as %s", (value, quoted) => {
    expect(identifier(value)).toBe(quoted);
  });

  it("may have 63 bytes, and no more", () => {
    expect(identifier("x".repeat(63))).toBe(`"${"x".repeat(63)}"`);
    expect(() => identifier("x".repeat(64))).toThrow(RangeError);
  });

  it("is measured in bytes of UTF-8, as the server does", () => {
    expect(identifier("é".repeat(31))).toBe(`"${"é".repeat(31)}"`);
    expect(() => identifier("é".repeat(32))).toThrow(/longer than 63 bytes/);
  });

  it("is refused where it is empty or holds a NUL", () => {
    expect(() => identifier("")).toThrow(/empty/);
    expect(() => identifier("a\0b")).toThrow(/NUL/);
  });
});

describe("a string constant", () => {
  it.each([
    ["web", "'web'"],
    ["", "''"],
    ["it's", "'it''s'"],
    ["a\\b", "E'a\\\\b'"],
    ["\\'", "E'\\\\'''"],
  ])("%s is written as %s", (value, quoted) => {
    expect(literal(value)).toBe(quoted);
  });

  it("is refused where it holds a NUL", () => {
    expect(() => literal("a\0b")).toThrow(RangeError);
  });
});

describe("an object's name", () => {
  it("joins its parts", () => {
    expect(objectName("forward", "crm", "contacts")).toBe("forward_crm_contacts");
  });

  it("stays whole at 63 bytes", () => {
    expect(objectName("x".repeat(30), "y".repeat(32))).toBe(`${"x".repeat(30)}_${"y".repeat(32)}`);
  });

  it("is cut at 64 bytes and ends with the digest of the whole", () => {
    expect(objectName("x".repeat(64))).toBe(`${"x".repeat(54)}_7ce10097`);
  });

  it("stays different where two long names differ at the end only", () => {
    const long = "x".repeat(70);
    expect(objectName(`${long}a`)).not.toBe(objectName(`${long}b`));
  });

  it("is cut between characters, never inside one", () => {
    const cut = objectName("é".repeat(40));
    expect(cut).toMatch(/^é{27}_[0-9a-f]{8}$/u);
    expect(objectName("🦉".repeat(20))).toMatch(/^🦉{13}_[0-9a-f]{8}$/u);
  });

  it("fits into PostgreSQL's limit whatever its parts are", () => {
    fc.assert(
      fc.property(fc.array(text({ minLength: 1 }), { minLength: 1, maxLength: 5 }), (parts) => {
        const name = objectName(...parts);
        expect(Buffer.byteLength(name)).toBeLessThanOrEqual(MAX_IDENTIFIER_BYTES);
        expect(Buffer.from(name).toString()).toBe(name);
      }),
    );
  });
});

describe("on a real PostgreSQL", () => {
  let fresh: FreshDatabase;

  beforeAll(async () => {
    fresh = await freshDatabase();
  });

  afterAll(() => fresh.close());

  it("any name comes back as the column that it was given to", async () => {
    await fc.assert(
      fc.asyncProperty(nameText, async (name) => {
        const { fields } = await fresh.client.query(`SELECT 1 AS ${identifier(name)}`);
        expect(fields.map((field) => field.name)).toEqual([name]);
      }),
      { numRuns: 200 },
    );
  });

  it.each(["on", "off"])("any text comes back as itself with standard_conforming_strings = %s", async (setting) => {
    const client = await fresh.connect();
    await client.query(`SET standard_conforming_strings = ${setting}; SET escape_string_warning = off`);
    await fc.assert(
      fc.asyncProperty(text({ maxLength: 40 }), async (value) => {
        const { rows } = await client.query(`SELECT ${literal(value)} AS value`);
        expect(rows).toEqual([{ value }]);
      }),
      { numRuns: 200 },
    );
    await client.end();
  });

  it("any name and any text pass the Data API, colons and all", async () => {
    await fc.assert(
      fc.asyncProperty(nameText, text({ maxLength: 20 }), async (name, value) => {
        const statement = { text: `SELECT ${literal(value)} AS ${identifier(name)}`, parameters: {} };
        expect(await fresh.database.execute(statement)).toEqual([{ [name]: value }]);
      }),
      { numRuns: 100 },
    );
  });
});
