import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { literal } from "../../../core/sql/identifier.ts";
import { positionalStatement } from "../../../local/data-api/named-parameters.ts";
import { freshDatabase, type FreshDatabase } from "../../support/postgres.ts";

let fresh: FreshDatabase;
beforeAll(async () => {
  fresh = await freshDatabase();
});
afterAll(async () => fresh.close());

describe("positionalStatement", () => {
  it.each([
    ["SELECT :a, :b, :a", "SELECT $1, $2, $1", ["a", "b"]],
    ["SELECT :p1::bigint", "SELECT $1::bigint", ["p1"]],
    ["SELECT x::int, :x", "SELECT x::int, $1", ["x"]],
    ["SELECT ':a', :a", "SELECT ':a', $1", ["a"]],
    ["SELECT 'it''s :a', :b", "SELECT 'it''s :a', $1", ["b"]],
    ["SELECT 'C:\\', :b", "SELECT 'C:\\', $1", ["b"]],
    ["SELECT E'\\':a', :b", "SELECT E'\\':a', $1", ["b"]],
    ["SELECT e'a''\\\\', :b", "SELECT e'a''\\\\', $1", ["b"]],
    ["SELECT name'x:a', :b", "SELECT name'x:a', $1", ["b"]],
    ['SELECT ":a", "a"":b", :c', 'SELECT ":a", "a"":b", $1', ["c"]],
    ["SELECT $$:a$$, $f$ $$ :a $f$, :b", "SELECT $$:a$$, $f$ $$ :a $f$, $1", ["b"]],
    ["SELECT a$b$, :c, $b$", "SELECT a$b$, $1, $b$", ["c"]],
    ["SELECT 1 -- :a\n, :b", "SELECT 1 -- :a\n, $1", ["b"]],
    ["SELECT 1 /* :a /* :b */ :c */, :d", "SELECT 1 /* :a /* :b */ :c */, $1", ["d"]],
    ["CALL f(x := 1, y => :a)", "CALL f(x := 1, y => $1)", ["a"]],
    ["SELECT a[1:2], :b", "SELECT a[1:2], $1", ["b"]],
    ["SELECT :a-:b", "SELECT $1-$2", ["a", "b"]],
    ["SELECT 'unterminated :a", "SELECT 'unterminated :a", []],
    ["SELECT $tag$ unterminated :a", "SELECT $tag$ unterminated :a", []],
    ["SELECT /* unterminated :a", "SELECT /* unterminated :a", []],
  ])("rewrites %s", (sql, text, names) => {
    const statement = positionalStatement(sql);
    expect({ text: statement.text, names: statement.names }).toEqual({ text, names });
  });

  it("leaves every constant as PostgreSQL reads it", async () => {
    const value = fc.string({
      unit: fc.constantFrom("'", "\\", ":", "a", '"', "$", "-", "/", "*", "\n", "E", "ü", "😀"),
    });
    await fc.assert(
      fc.asyncProperty(value, value, async (left, right) => {
        const dollar = right.includes("$") ? literal(right) : `$q$${right}$q$`;
        const { text, names } = positionalStatement(`SELECT ${literal(left)} AS a, :x AS x, ${dollar} AS b /*:y*/`);
        expect(names).toEqual(["x"]);
        const { rows } = await fresh.client.query(text, ["value"]);
        expect(rows).toEqual([{ a: left, x: "value", b: right }]);
      }),
      { numRuns: 300 },
    );
  });

  it("reads 60,000 characters of quotes in an instant", () => {
    for (const sql of ["'".repeat(59_999), `E'${"\\'".repeat(30_000)}`, "$".repeat(60_000), "/*".repeat(30_000)]) {
      expect(positionalStatement(sql).text).toBe(sql);
    }
  });

  it("finds the original position of an error behind parameters and beyond the basic plane", () => {
    const { positionOf, text } = positionalStatement("SELECT :long, '😀', :other, x");
    const rewritten = [...text].indexOf("x") + 1;
    expect(positionOf(rewritten)).toBe([..."SELECT :long, '😀', :other, x"].length);
    expect(positionOf(1)).toBe(1);
  });
});
