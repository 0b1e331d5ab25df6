import { afterAll, beforeAll, expect, it } from "vitest";
import type { IndexCatalog } from "../../../../core/catalog/catalog.ts";
import { freshDatabase, type FreshDatabase } from "../../../support/postgres.ts";
import { crmSchema, readTable, searchPathOfCrm } from "../table-reader.ts";

let db: FreshDatabase;
beforeAll(async () => {
  db = await freshDatabase();
  await searchPathOfCrm(db);
  await db.client.query("CREATE EXTENSION pg_trgm SCHEMA public; CREATE EXTENSION btree_gist SCHEMA public");
});
afterAll(async () => db.close());

/** Reads the one index that `definition` makes: `USING gin (tags)`. */
async function indexOf(definition: string, create = "CREATE INDEX"): Promise<IndexCatalog> {
  await crmSchema(
    db,
    `CREATE TYPE stage AS ENUM ('new', 'won'); CREATE COLLATION german (provider = icu, locale = 'de');
     CREATE TABLE contacts (id bigint, tenant_id int, email text, city varchar(50) COLLATE german, address cidr,
       tags text[], stage stage, "Mixed.Name" text, note text);
     ${create} i ON contacts ${definition}`,
  );
  const [index] = (await readTable(db)).indexes;
  return index!;
}

it("reads plain keys with their order, and INCLUDE columns", async () => {
  expect(
    await indexOf('(tenant_id DESC, email NULLS FIRST, stage DESC NULLS LAST) INCLUDE ("Mixed.Name", id)'),
  ).toEqual({
    schema: "crm",
    name: "i",
    definition:
      'CREATE INDEX i ON crm.contacts USING btree (tenant_id DESC, email NULLS FIRST, stage DESC NULLS LAST) INCLUDE ("Mixed.Name", id)',
    method: "btree",
    unique: false,
    primary: false,
    valid: true,
    nullsNotDistinct: false,
    options: [],
    keys: [
      { column: "tenant_id", expressionColumns: [], descending: true, nullsFirst: true },
      { column: "email", expressionColumns: [], descending: false, nullsFirst: true },
      { column: "stage", expressionColumns: [], descending: true, nullsFirst: false },
    ],
    include: ["Mixed.Name", "id"],
  });
});

it("names an operator class only where it is not the type's own", async () => {
  const { keys } = await indexOf("(email text_pattern_ops, city, address, stage, tags, tenant_id)");
  expect(keys.map(({ operatorClass }) => operatorClass?.name)).toEqual([
    "text_pattern_ops",
    ...Array<undefined>(5).fill(undefined),
  ]);
});

it("has the schema, and the options, of an extension's operator class", async () => {
  const index = await indexOf("USING gist (email public.gist_trgm_ops (siglen = 64), tenant_id)");
  expect(index).toMatchObject({
    method: "gist",
    keys: [
      { operatorClass: { schema: "public", name: "gist_trgm_ops" }, operatorClassOptions: ["siglen=64"] },
      { column: "tenant_id" },
    ],
  });
});

it("names a collation only where it is not the column's", async () => {
  const { keys } = await indexOf('(email COLLATE "C", city, city COLLATE "C", note COLLATE german)');
  expect(keys.map(({ collation }) => collation)).toEqual([
    { schema: "pg_catalog", name: "C" },
    undefined,
    { schema: "pg_catalog", name: "C" },
    { schema: "crm", name: "german" },
  ]);
});

it("reads expressions with the columns that they name", async () => {
  const { keys } = await indexOf(`(tenant_id, lower("Mixed.Name"), (id + 1))`);
  expect(keys).toEqual([
    { column: "tenant_id", expressionColumns: [], descending: false, nullsFirst: false },
    {
      expression: 'lower("Mixed.Name")',
      expressionColumns: ["Mixed.Name", "id"],
      descending: false,
      nullsFirst: false,
    },
    { expression: "((id + 1))", expressionColumns: ["Mixed.Name", "id"], descending: false, nullsFirst: false },
  ]);
});

it("reads the predicate of a partial index, qualified, with the columns that it names", async () => {
  const index = await indexOf(`(id) WHERE stage = 'won' AND email IS NOT NULL`);
  expect(index.predicate).toEqual({
    expression: "((stage = 'won'::crm.stage) AND (email IS NOT NULL))",
    columns: ["email", "stage"],
  });
});

it("has storage options", async () => {
  expect((await indexOf("(id) WITH (fillfactor = 70, deduplicate_items = off)")).options).toEqual([
    "fillfactor=70",
    "deduplicate_items=off",
  ]);
});

it("tells unique indexes, and those under which nulls are not distinct", async () => {
  expect(await indexOf("(id)", "CREATE UNIQUE INDEX")).toMatchObject({ unique: true, nullsNotDistinct: false });
  expect(await indexOf("(id) NULLS NOT DISTINCT", "CREATE UNIQUE INDEX")).toMatchObject({
    unique: true,
    nullsNotDistinct: true,
  });
});

it("names the constraint that owns an index", async () => {
  await crmSchema(
    db,
    `CREATE TABLE contacts (id int CONSTRAINT key PRIMARY KEY, email text CONSTRAINT once UNIQUE, during tstzrange,
       CONSTRAINT apart EXCLUDE USING gist (email WITH =, during WITH &&)); CREATE UNIQUE INDEX single ON contacts (during)`,
  );
  const { indexes } = await readTable(db);
  expect(indexes.map(({ name, constraint, primary }) => [name, constraint, primary])).toEqual([
    ["apart", "apart", false],
    ["key", "key", true],
    ["once", "once", false],
    ["single", undefined, false],
  ]);
});

it("tells an index that a failed build left invalid", async () => {
  await crmSchema(db, "CREATE TABLE contacts (id int); INSERT INTO contacts VALUES (1), (1)");
  await expect(db.client.query("CREATE UNIQUE INDEX CONCURRENTLY i ON crm.contacts (id)")).rejects.toThrow(
    "could not create unique index",
  );
  expect((await readTable(db)).indexes).toMatchObject([{ name: "i", valid: false }]);
});
