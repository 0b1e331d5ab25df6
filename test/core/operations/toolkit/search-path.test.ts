import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Flow } from "../../../support/flow.ts";
import { freshDatabase, type FreshDatabase } from "../../../support/postgres.ts";

/**
 * `=` of exactly a column's type, in a schema of the search_path, is preferred to pg_catalog's of the type beneath
 * (CVE-2018-1058): whoever may create in such a schema could decide what the migration takes for equal.
 */
describe("where public has operators of its own for the column's type", () => {
  let fresh: FreshDatabase;

  beforeAll(async () => {
    fresh = await freshDatabase();
    await fresh.client.query(`CREATE TYPE stage AS ENUM ('a', 'b', 'c'); CREATE DOMAIN label AS varchar(20)`);
    for (const type of ["varchar", "stage", "label"]) {
      await fresh.client.query(`CREATE FUNCTION yes(${type}, ${type}) RETURNS boolean LANGUAGE sql AS 'SELECT true'`);
      await fresh.client.query(`CREATE OPERATOR public.= (LEFTARG = ${type}, RIGHTARG = ${type}, FUNCTION = yes)`);
    }
  });

  afterAll(() => fresh.close());

  it.each(["varchar(20)", "stage", "label"])(
    "a column of type %s is synced, filled and proven all the same",
    async (type) => {
      const { client } = fresh;
      await client.query(`DROP TABLE IF EXISTS leads; CREATE TABLE leads (id int PRIMARY KEY, old ${type}, note text)`);
      await client.query(`INSERT INTO leads SELECT i, 'a' FROM generate_series(1, 10) AS i`);
      const migration = {
        migration: `rename-${type.replaceAll(/\W/g, "")}`,
        description: "test",
        database: "test",
        operations: [{ rename_column: { table: "public.leads", from: "old", to: "new" } }],
      };
      const flow = await Flow.begin(fresh.database, migration, migration.migration);
      await flow.expand();
      await client.query(`UPDATE leads SET old = 'b' WHERE id = 1`);
      await client.query(`UPDATE leads SET new = 'c' WHERE id = 2`);
      await client.query(`INSERT INTO leads (id, new) VALUES (11, 'b')`);
      await flow.backfill();
      const { rows } = await client.query(`SELECT id, old::text, new::text FROM leads ORDER BY id`);
      expect(rows).toEqual(
        Array.from({ length: 11 }, (_, index) => {
          const value = ["b", "c"][index] ?? (index === 10 ? "b" : "a");
          return { id: index + 1, old: value, new: value };
        }),
      );
      await client.query(`ALTER TABLE leads DISABLE TRIGGER USER; UPDATE leads SET new = 'c' WHERE id = 5`);
      await expect(flow.validate()).rejects.toMatchObject({ name: "DivergenceFound", message: /1 of 11 rows differ/ });
    },
  );
});
