import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sql } from "../../../core/sql/statement.ts";
import { freshDatabase, type FreshDatabase } from "../../support/postgres.ts";

let db: FreshDatabase;
beforeAll(async () => {
  db = await freshDatabase();
});
afterAll(async () => db.close());

describe("DataApiDatabase", () => {
  it("returns rows by label", async () => {
    expect(await db.database.execute(sql`SELECT CAST(${7n} AS bigint) AS a, CAST(${"x"} AS text) AS "B b"`)).toEqual([
      { a: "7", "B b": "x" },
    ]);
  });
});
