import { afterAll, beforeAll, expect, it } from "vitest";
import type { Catalog, ColumnCatalog, IndexCatalog } from "../../../../core/catalog/catalog.ts";
import { planMigration } from "../../../../core/plan/plan-migration.ts";
import { runPreflight } from "../../../../core/preflight/run-preflight.ts";
import { freshDatabase, type FreshDatabase } from "../../../support/postgres.ts";
import { crmSchema, readCrm } from "../../catalog/table-reader.ts";
import { contextOf, lines, migrationOf } from "../contexts.ts";

let db: FreshDatabase;
beforeAll(async () => {
  db = await freshDatabase();
  await db.client.query(
    "CREATE EXTENSION citext SCHEMA public; CREATE EXTENSION pg_trgm SCHEMA public; CREATE SCHEMA sluice",
  );
});
afterAll(async () => db.close());

interface Accepted {
  readonly setup: string;
  /** The table's name. @default "contacts" */
  readonly table?: string;
  /** The old column's name. @default "lead_source" */
  readonly from?: string;
  readonly values: readonly string[];
}

const TABLE = (column: string): string =>
  `CREATE TABLE contacts (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, note text, ${column})`;
const TEXTS = ["'Web'", "''", "NULL", "'été'"];

const ACCEPTED: Readonly<Record<string, Accepted>> = {
  "text with default and comment": {
    setup: `${TABLE("lead_source text DEFAULT 'it''s'")}; COMMENT ON COLUMN contacts.lead_source IS 'a: b'; GRANT SELECT (lead_source) ON contacts TO PUBLIC`,
    values: TEXTS,
  },
  "case-insensitive text": { setup: TABLE("lead_source public.citext"), values: TEXTS },
  "an enum of its schema": {
    setup: `CREATE TYPE stage AS ENUM ('new', 'won'); ${TABLE("lead_source stage DEFAULT 'new'")}`,
    values: ["'new'", "'won'", "NULL"],
  },
  "a nondeterministic collation": {
    setup: `CREATE COLLATION folded (provider = icu, locale = 'und-u-ks-level2', deterministic = false); ${TABLE("lead_source varchar(80) COLLATE folded")}; CREATE INDEX i ON contacts (lead_source)`,
    values: TEXTS,
  },
  "a domain over a domain with a default of its own": {
    setup: `CREATE DOMAIN a AS varchar(20) DEFAULT 'x'; CREATE DOMAIN b AS a; ${TABLE("lead_source b")}`,
    values: ["'Web'", "NULL", "'x'"],
  },
  "json, which has no equality": { setup: TABLE("lead_source json"), values: [`'{"a": 1}'`, `'{"a":1}'`, "NULL"] },
  "an array of points": { setup: TABLE("lead_source point[]"), values: ["ARRAY[point '(1,2)']", "NULL"] },
  "a composite of json": {
    setup: `CREATE TYPE "Money Amount" AS (amount numeric, details json); ${TABLE('lead_source "Money Amount"')}`,
    values: [`ROW(1.00, '{}')`, "NULL"],
  },
  "a range with its indexes": {
    setup: `${TABLE("lead_source tstzrange")}; CREATE INDEX i ON contacts USING gist (lead_source) WITH (fillfactor = 70)`,
    values: ["'[2025-01-01,)'", "'empty'", "NULL"],
  },
  "indexes of every kind that is carried over": {
    setup: `${TABLE("lead_source text")};
      CREATE INDEX i1 ON contacts (note, lead_source DESC NULLS LAST) INCLUDE (id) WHERE note IS NOT NULL;
      CREATE INDEX i2 ON contacts (note NULLS FIRST) INCLUDE (lead_source); CREATE INDEX i3 ON contacts USING hash (lead_source);
      CREATE INDEX i4 ON contacts USING gin (lead_source public.gin_trgm_ops) WITH (fastupdate = off);
      CREATE INDEX i5 ON contacts (lead_source COLLATE "C" text_pattern_ops, (lower(note)));
      CREATE INDEX i6 ON contacts USING brin (lead_source) WITH (pages_per_range = 16)`,
    values: TEXTS,
  },
  "names that need quotes": {
    setup: `CREATE TABLE "Con.tacts ""x""" (note text, "Select" text); CREATE INDEX "Idx Select" ON "Con.tacts ""x""" ("Select")`,
    table: 'Con.tacts "x"',
    from: "Select",
    values: TEXTS,
  },
  "a table without a key, and its own BEFORE trigger": {
    setup: `CREATE TABLE contacts (note text, lead_source text);
      CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.note = ''touched''; RETURN NEW; END';
      CREATE TRIGGER touch BEFORE INSERT OR UPDATE ON contacts FOR EACH ROW EXECUTE FUNCTION touch()`,
    values: TEXTS,
  },
  "partitions at two levels": {
    setup: `CREATE TABLE contacts (note text, lead_source text, region text) PARTITION BY LIST (region);
      CREATE TABLE eu PARTITION OF contacts FOR VALUES IN ('eu') PARTITION BY HASH (note);
      CREATE TABLE eu_0 PARTITION OF eu FOR VALUES WITH (MODULUS 1, REMAINDER 0);
      CREATE TABLE other (gone int, region text, lead_source text, note text); ALTER TABLE other DROP gone;
      ALTER TABLE contacts ATTACH PARTITION other DEFAULT`,
    values: TEXTS,
  },
};

it.each(Object.keys(ACCEPTED))("what it accepts, the plan carries to its end: %s", async (title) => {
  const { setup, table = "contacts", from = "lead_source", values } = ACCEPTED[title]!;
  const quotedTable = `crm."${table.replaceAll('"', '""')}"`;
  const insert = values.map((value) => `INSERT INTO ${quotedTable} ("${from}") VALUES (${value})`).join(";");
  await crmSchema(db, `${setup}; ${insert}; ANALYZE ${quotedTable}`);
  const migration = migrationOf({
    operation: { rename_column: { table: { schema: "crm", name: table }, from, to: "acquisition_channel" } },
    validate: {},
  });
  const before = await readCrm(db, table);
  const results = runPreflight(contextOf({ migration, catalog: before }));
  expect(lines(results.filter(({ severity }) => severity === "refuse"))).toEqual([]);

  const plan = planMigration(migration, before);
  const contents = async (column: string): Promise<unknown> =>
    (
      await db.client.query(
        `SELECT CAST("${column}" AS text) AS value, count(*) FROM ${quotedTable} GROUP BY 1 ORDER BY 1`,
      )
    ).rows;
  const old = await contents(from);
  const run = async (statements: readonly string[]): Promise<void> => {
    // As from the Data API: nothing of ours is in the search_path.
    await db.client.query("SET search_path = ''");
    for (const statement of statements) await db.client.query(statement);
  };
  await run(plan.expand.flatMap(({ statements }) => statements));
  await run([`UPDATE ${quotedTable} SET acquisition_channel = "${from}"`]);
  await run(plan.indexes.flatMap(({ statements }) => statements));
  expect(
    lines(
      runPreflight(contextOf({ migration, catalog: await readCrm(db, table), resuming: true })).filter(
        ({ severity }) => severity === "refuse",
      ),
    ),
  ).toEqual([]);
  await run(plan.contract.flatMap(({ statements }) => statements));

  expect(await contents("acquisition_channel")).toEqual(old);
  expect(shapeOf(await readCrm(db, table), "acquisition_channel")).toEqual(shapeOf(before, from));
});

/** The column and what the indexes say of it, with its name and theirs left out. */
function shapeOf({ table }: Catalog, name: string): { readonly column: unknown; readonly indexes: unknown } {
  const column = table?.columns.find((candidate) => candidate.name === name);
  const anonymous = (text: string): string => (text === name ? "(the column)" : text);
  const indexes = (table?.indexes ?? []).map(
    ({ keys, include, predicate, options, method, unique, valid }: IndexCatalog) => ({
      keys: keys.map((key) => ({ ...key, column: key.column && anonymous(key.column) })),
      include: include.map(anonymous),
      predicate,
      options,
      method,
      unique,
      valid,
    }),
  );
  return {
    column: { ...(column satisfies ColumnCatalog | undefined), name: "(the column)" },
    indexes: indexes.map((index) => JSON.stringify(index)).sort(),
  };
}
