import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isDistinct, hasExactEquality } from "../../../core/sql/is-distinct.ts";
import { raw } from "../../../core/sql/statement.ts";
import { readCatalog } from "../../../core/catalog/read-catalog.ts";
import type { ColumnCatalog } from "../../../core/catalog/catalog.ts";
import { freshDatabase, type FreshDatabase } from "../../support/postgres.ts";

/** Two values of a type that differ to the bit; where `equal`, the type's own `=` calls them equal. */
interface TypeCase {
  readonly type: string;
  readonly a: string;
  readonly b: string;
  /** What `a = b` says; undefined where the type has no `=`. */
  readonly equal: boolean | undefined;
}

const CASES: readonly TypeCase[] = [
  { type: "text", a: "'a'", b: "'b'", equal: false },
  { type: "text", a: "'a'", b: "'a '", equal: false },
  { type: "varchar(9)", a: "'a'", b: "'A'", equal: false },
  { type: "varchar(9) COLLATE any_case", a: "'a'", b: "'A'", equal: true },
  { type: "text COLLATE any_case", a: "'é'", b: "U&'e\\0301'", equal: true },
  { type: "bigint", a: "1", b: "2", equal: false },
  { type: "boolean", a: "true", b: "false", equal: false },
  { type: "stage", a: "'new'", b: "'won'", equal: false },
  { type: "timestamptz", a: "'2026-01-01 00:00Z'", b: "'2026-01-01 00:00:00.000001Z'", equal: false },
  { type: "char(3)", a: "'a'", b: "'b'", equal: false },
  { type: "numeric", a: "1.0", b: "1.00", equal: true },
  { type: "float8", a: "'0'", b: "'-0'", equal: true },
  { type: "interval", a: "'1 day'", b: "'24 hours'", equal: true },
  { type: "jsonb", a: `'{"a": 1.0}'`, b: `'{"a": 1.00}'`, equal: true },
  { type: "json", a: `'{"a": 1}'`, b: `'{"a":1}'`, equal: undefined },
  { type: "xml", a: "'<a/>'", b: "'<a></a>'", equal: undefined },
  { type: "point", a: "'(1,2)'", b: "'(1,3)'", equal: undefined },
  { type: "numeric[]", a: "'{1.0}'", b: "'{1.00}'", equal: true },
  { type: "text[]", a: "'{a,NULL}'", b: "'{a,b}'", equal: false },
  { type: "money_like", a: "1.0", b: "1.00", equal: true },
  { type: "pair", a: "ROW(1.0, 'x')", b: "ROW(1.00, 'x')", equal: true },
  { type: "numrange", a: "'[1.0,2)'", b: "'[1.00,2)'", equal: true },
];

describe("isDistinct, executed", () => {
  let fresh: FreshDatabase;

  beforeAll(async () => {
    fresh = await freshDatabase();
    await fresh.client.query(`
      CREATE COLLATION any_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
      CREATE TYPE stage AS ENUM ('new', 'won');
      CREATE DOMAIN money_like AS numeric;
      CREATE TYPE pair AS (amount numeric, word text)`);
  });

  afterAll(() => fresh.close());

  async function columnOf(type: string): Promise<ColumnCatalog> {
    await fresh.client.query(`DROP TABLE IF EXISTS probe; CREATE TABLE probe (value ${type}, other ${type})`);
    const { table } = await readCatalog(fresh.database, { schema: "public", name: "probe" });
    const column = table?.columns.find(({ name }) => name === "value");
    if (!column) throw new Error("the probe has a column");
    return column;
  }

  it.each(CASES)("tells $a from $b in a column of type $type", async ({ type, a, b, equal }) => {
    const column = await columnOf(type);
    await fresh.client.query(
      `INSERT INTO probe VALUES (${a}, ${b}), (${a}, ${a}), (NULL, ${b}), (${a}, NULL), (NULL, NULL)`,
    );
    const [left, right] = [raw("value"), raw("other")];
    const { rows } = await fresh.client.query({
      text: `SELECT ${isDistinct(column, left, right).text} FROM probe ORDER BY ctid`,
      rowMode: "array",
    });
    expect(rows).toEqual([[true], [false], [true], [true], [false]]);
    if (equal === undefined) return;
    const { rows: equality } = await fresh.client.query({
      text: "SELECT value = other FROM probe LIMIT 1",
      rowMode: "array",
    });
    expect(equality).toEqual([[equal]]);
    // Where PostgreSQL's `=` blurs the two values, the comparison must not be left to it.
    if (equal) expect(hasExactEquality(column)).toBe(false);
  });

  it("compares by the type's own equality where that is exact, so that the planner knows it", async () => {
    expect(isDistinct(await columnOf("text"), raw("a"), raw("b")).text).toBe("a IS DISTINCT FROM b");
    expect(isDistinct(await columnOf("numeric"), raw("a"), raw("b")).text).toBe(
      "CAST(ROW(a) AS record) OPERATOR(pg_catalog.*<>) CAST(ROW(b) AS record)",
    );
  });
});
