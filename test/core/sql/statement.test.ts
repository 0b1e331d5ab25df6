import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fragment, join, name, raw, sql } from "../../../core/sql/statement.ts";
import { freshDatabase, type FreshDatabase } from "../../support/postgres.ts";

describe("a statement", () => {
  it("binds every value by a name of its own and takes fragments as SQL", () => {
    expect(sql`SELECT ${"a"}, ${raw("now()")}, ${7}, ${null}, ${true}, ${"a"} FROM ${name("crm", "contacts")}`).toEqual(
      {
        text: 'SELECT :p1, now(), :p2, :p3, :p4, :p5 FROM "crm"."contacts"',
        parameters: { p1: "a", p2: 7, p3: null, p4: true, p5: "a" },
      },
    );
  });

  it("never lets a value into its text", () => {
    const hostile = "'; DROP TABLE contacts; --";
    expect(sql`SELECT ${hostile}`).toEqual({ text: "SELECT :p1", parameters: { p1: hostile } });
  });

  it("is trimmed, and keeps the white space inside", () => {
    expect(
      sql`
      SELECT 1,
        2
    `.text,
    ).toBe("SELECT 1,\n        2");
  });
});

describe("a fragment", () => {
  it("puts fragments together as SQL, backslashes untouched", () => {
    expect(fragment`${name("t", 'a"b')} = ${raw("E'\\n'")}`.text).toBe(`"t"."a""b" = E'\\n'`);
    expect(fragment`a \d b`.text).toBe("a \\d b");
  });

  it("joins a list with commas, or with what it is told", () => {
    const columns = [name("a"), name("B")];
    expect(join(columns).text).toBe('"a", "B"');
    expect(join(columns, " AND ").text).toBe('"a" AND "B"');
    expect(join([]).text).toBe("");
  });
});

describe("on a real PostgreSQL", () => {
  let fresh: FreshDatabase;

  beforeAll(async () => {
    fresh = await freshDatabase();
  });

  afterAll(() => fresh.close());

  it("a statement runs with its values as they are", async () => {
    const statement = sql`
      SELECT ${"it's :p2"} AS ${name("a text")}, CAST(${42} AS int) AS number, CAST(${null} AS text) AS nothing,
        ${true} AS truth, CAST(${2n ** 62n} AS bigint)::text AS large`;
    expect(await fresh.database.execute(statement)).toEqual([
      { "a text": "it's :p2", number: 42, nothing: null, truth: true, large: "4611686018427387904" },
    ]);
  });
});
