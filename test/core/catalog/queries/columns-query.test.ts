import { afterAll, beforeAll, expect, it } from "vitest";
import type { ColumnCatalog } from "../../../../core/catalog/catalog.ts";
import { freshDatabase, type FreshDatabase } from "../../../support/postgres.ts";
import { crmSchema, readTable, searchPathOfCrm } from "../table-reader.ts";

let db: FreshDatabase;
beforeAll(async () => {
  db = await freshDatabase();
  await searchPathOfCrm(db);
  await db.client.query("CREATE EXTENSION citext SCHEMA public; CREATE EXTENSION hstore SCHEMA public");
});
afterAll(async () => db.close());

const TYPES = `
  CREATE TYPE stage AS ENUM ('new', 'won');
  CREATE TYPE "Money Amount" AS (amount numeric, details json);
  CREATE TYPE pair AS (a int, b text[]);
  CREATE DOMAIN short AS varchar(20);
  CREATE DOMAIN shorter AS short;
  CREATE DOMAIN filled AS shorter CHECK (VALUE <> '');
  CREATE DOMAIN present AS text NOT NULL;
  CREATE TYPE span AS RANGE (subtype = timestamptz);`;

/** Reads the columns of a table of which `definitions` is the inside. */
async function columnsOf(definitions: string, setup = TYPES): Promise<readonly ColumnCatalog[]> {
  await crmSchema(db, `${setup} CREATE TABLE contacts (${definitions})`);
  return (await readTable(db)).columns;
}

async function columnOf(definition: string): Promise<ColumnCatalog> {
  const [column] = await columnsOf(`c ${definition}`);
  return column!;
}

it.each([
  { written: "varchar(80)", type: "character varying(80)", baseType: "pg_catalog.varchar", typeKind: "base" },
  { written: "char(3)", type: "character(3)", baseType: "pg_catalog.bpchar", typeKind: "base" },
  { written: '"char"', type: '"char"', baseType: "pg_catalog.char", typeKind: "base" },
  { written: "numeric(12,2)", type: "numeric(12,2)", baseType: "pg_catalog.numeric", typeKind: "base" },
  {
    written: "timestamptz(3)",
    type: "timestamp(3) with time zone",
    baseType: "pg_catalog.timestamptz",
    typeKind: "base",
  },
  {
    written: "interval day to second(2)",
    type: "interval day to second(2)",
    baseType: "pg_catalog.interval",
    typeKind: "base",
  },
  { written: "bit varying(5)[]", type: "bit varying(5)[]", baseType: "pg_catalog._varbit", typeKind: "base" },
  { written: "citext", type: "public.citext", baseType: "public.citext", typeKind: "base" },
  { written: "stage", type: "crm.stage", baseType: "crm.stage", typeKind: "enum" },
  { written: "stage[]", type: "crm.stage[]", baseType: "crm._stage", typeKind: "base" },
  { written: '"Money Amount"', type: 'crm."Money Amount"', baseType: "crm.Money Amount", typeKind: "composite" },
  { written: "shorter", type: "crm.shorter", baseType: "pg_catalog.varchar", typeKind: "domain" },
  { written: "span", type: "crm.span", baseType: "crm.span", typeKind: "range" },
  { written: "int4multirange", type: "int4multirange", baseType: "pg_catalog.int4multirange", typeKind: "multirange" },
])("prints type $written for DDL anywhere, whatever the search_path", async ({ written, ...printed }) => {
  expect(await columnOf(written)).toMatchObject(printed);
  await db.client.query(`SET search_path = ''; ALTER TABLE crm.contacts ADD COLUMN again ${printed.type}`);
  const [first, again] = (await readTable(db)).columns;
  expect(again).toEqual({ ...first, name: "again" });
});

it.each([
  ["text", true],
  ["varchar(5)", true],
  ["cidr", true],
  ["citext", true],
  ["hstore", true],
  ["jsonb", true],
  ["xid", true],
  ["stage", true],
  ["int[]", true],
  ["pair", true],
  ["pair[]", true],
  ["span", true],
  ["shorter", true],
  ["json", false],
  ["json[]", false],
  ["point", false],
  ["xml", false],
  ['"Money Amount"', false],
  ['"Money Amount"[]', false],
])("says of type %s whether it has an equality: %s", async (type, hasEquality) => {
  expect((await columnOf(type)).hasEquality).toBe(hasEquality);
  // PostgreSQL itself is the judge: GROUP BY needs a btree or hash operator class.
  const grouped = db.client.query("SELECT c FROM crm.contacts GROUP BY c");
  await (hasEquality ? expect(grouped).resolves.toBeDefined() : expect(grouped).rejects.toThrow("equality operator"));
});

it.each([
  ["short", false],
  ["shorter", false],
  ["filled", true],
  ["present", true],
  ["filled[]", false],
  ["text", false],
])("says of type %s whether a domain constrains it: %s", async (type, domainConstrained) => {
  expect((await columnOf(type)).domainConstrained).toBe(domainConstrained);
});

it("rewrites a table for a column of a constrained domain, and for none of another", async () => {
  const filenode = async (): Promise<unknown> =>
    (await db.client.query("SELECT pg_relation_filenode('crm.contacts') AS node")).rows[0];
  await columnsOf("c int");
  const before = await filenode();
  await db.client.query("ALTER TABLE crm.contacts ADD COLUMN d crm.shorter");
  expect(await filenode()).toEqual(before);
  await db.client.query("ALTER TABLE crm.contacts ADD COLUMN e crm.filled");
  expect(await filenode()).not.toEqual(before);
});

it.each([
  ["text", undefined, false],
  ["text DEFAULT 'it''s'", "'it''s'::text", false],
  ["stage DEFAULT 'new'", "'new'::crm.stage", false],
  ["timestamptz DEFAULT now()", "now()", false],
  ["timestamptz DEFAULT CURRENT_TIMESTAMP", "CURRENT_TIMESTAMP", false],
  ["timestamptz DEFAULT clock_timestamp()", "clock_timestamp()", true],
  ["double precision DEFAULT 2 * random()", "((2)::double precision * random())", true],
  ["uuid DEFAULT gen_random_uuid()", "gen_random_uuid()", true],
  ["bigint DEFAULT nextval('numbers')", "nextval('crm.numbers'::regclass)", true],
  ["text DEFAULT steady()", "crm.steady()", false],
  ["text DEFAULT moody()", "crm.moody()", true],
  ["int DEFAULT 1 OPERATOR(crm.<+>) 2", "(1 OPERATOR(crm.<+>) 2)", true],
  ["greeting", "'hello'::text", false],
  ["greeting DEFAULT 'bye'", "'bye'::text", false],
  ["ticket", "nextval('crm.numbers'::regclass)", true],
])("reads the default of %s", async (definition, expression, defaultVolatile) => {
  const setup = `${TYPES}
    CREATE SEQUENCE numbers;
    CREATE DOMAIN greeting AS text DEFAULT 'hello'; CREATE DOMAIN ticket AS bigint DEFAULT nextval('numbers');
    CREATE FUNCTION steady() RETURNS text STABLE LANGUAGE sql AS 'SELECT ''x''';
    CREATE FUNCTION moody() RETURNS text VOLATILE LANGUAGE sql AS 'SELECT ''x''';
    CREATE FUNCTION add_volatile(int, int) RETURNS int VOLATILE LANGUAGE sql AS 'SELECT $1 + $2';
    CREATE OPERATOR <+> (FUNCTION = add_volatile, LEFTARG = int, RIGHTARG = int);`;
  const [column] = await columnsOf(`c ${definition}`, setup);
  expect(column?.default).toBe(expression);
  expect(column?.defaultVolatile).toBe(defaultVolatile);
});

it("tells NOT NULL, generated and identity columns, which have no default of their own", async () => {
  const columns = await columnsOf(
    "a bigint GENERATED ALWAYS AS IDENTITY, b bigint GENERATED BY DEFAULT AS IDENTITY, c text NOT NULL, d text GENERATED ALWAYS AS (upper(c)) STORED",
  );
  expect(columns.map(({ notNull, identity, generated }) => ({ notNull, identity, generated }))).toEqual([
    { notNull: true, identity: true, generated: false },
    { notNull: true, identity: true, generated: false },
    { notNull: true, identity: false, generated: false },
    { notNull: false, identity: false, generated: true },
  ]);
  expect(columns.filter((column) => "default" in column)).toEqual([]);
});

it("names a collation that is not the type's, and says whether equal means the same", async () => {
  const columns = await columnsOf(
    `a text, b text COLLATE "C", c text COLLATE folded, d citext, e folded_text`,
    `CREATE COLLATION folded (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
     CREATE DOMAIN folded_text AS text COLLATE folded;`,
  );
  expect(columns.map(({ collation, collationDeterministic }) => [collation, collationDeterministic])).toEqual([
    [undefined, true],
    [{ schema: "pg_catalog", name: "C" }, true],
    [{ schema: "crm", name: "folded" }, false],
    [undefined, true],
    [undefined, false],
  ]);
});

it("has comments and the privileges of single columns, once each", async () => {
  const role = `Clerk ${db.name}`;
  await columnsOf("a text, b text");
  await db.client.query(`CREATE ROLE "${role}"`);
  try {
    await db.client.query(`
      COMMENT ON COLUMN crm.contacts.a IS 'where it''s from';
      GRANT SELECT (a) ON crm.contacts TO PUBLIC; GRANT UPDATE (a), SELECT (a) ON crm.contacts TO "${role}" WITH GRANT OPTION;
      GRANT SELECT ON crm.contacts TO "${role}"`);
    const [a, b] = (await readTable(db)).columns;
    expect(a).toMatchObject({
      comment: "where it's from",
      grants: [
        { grantee: role, privilege: "SELECT", grantable: true },
        { grantee: role, privilege: "UPDATE", grantable: true },
        { grantee: "PUBLIC", privilege: "SELECT", grantable: false },
      ],
    });
    expect(b).toMatchObject({ grants: [] });
    expect(b).not.toHaveProperty("comment");
  } finally {
    await db.client.query(`DROP OWNED BY "${role}"; DROP ROLE "${role}"`);
  }
});

it("leaves dropped columns out", async () => {
  await columnsOf("a text, b text, c text");
  await db.client.query("ALTER TABLE crm.contacts DROP b");
  expect((await readTable(db)).columns.map(({ name }) => name)).toEqual(["a", "c"]);
});
