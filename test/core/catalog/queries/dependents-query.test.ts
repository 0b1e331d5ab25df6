import { afterAll, beforeAll, expect, it } from "vitest";
import { freshDatabase, type FreshDatabase } from "../../../support/postgres.ts";
import { crmSchema, readTable, searchPathOfCrm } from "../table-reader.ts";

let db: FreshDatabase;
beforeAll(async () => {
  db = await freshDatabase();
  await searchPathOfCrm(db);
});
afterAll(async () => db.close());

const TABLE = "CREATE TABLE contacts (id int PRIMARY KEY, lead_source text, email text);";

async function dependentsOf(setup: string): Promise<unknown> {
  await crmSchema(db, `${TABLE} ${setup}`);
  return (await readTable(db)).dependents.map(({ kind, name, columns }) => [kind, name, columns]);
}

it("finds nothing on a bare table", async () => {
  expect(await dependentsOf("")).toEqual([]);
});

it("finds views and materialized views by the columns that they read, and not the views above them", async () => {
  expect(
    await dependentsOf(`
      CREATE VIEW "By Source" AS SELECT lead_source FROM contacts WHERE id > 1;
      CREATE VIEW above AS SELECT lead_source FROM "By Source";
      CREATE VIEW everything AS SELECT * FROM contacts;
      CREATE VIEW whole AS SELECT c FROM contacts c;
      CREATE VIEW counted AS SELECT count(*) FROM contacts;
      CREATE MATERIALIZED VIEW emails AS SELECT email FROM contacts`),
  ).toEqual([
    ["materialized view", "crm.emails", ["email"]],
    ["view", 'crm."By Source"', ["id", "lead_source"]],
    ["view", "crm.counted", []],
    ["view", "crm.everything", ["email", "id", "lead_source"]],
    ["view", "crm.whole", ["email", "id", "lead_source"]],
  ]);
});

it("finds rules: those of the table name all of it, those of another what they read", async () => {
  expect(
    await dependentsOf(`
      CREATE RULE keep AS ON DELETE TO contacts DO INSTEAD NOTHING;
      CREATE TABLE log (id int, source text);
      CREATE RULE fill AS ON INSERT TO log DO ALSO UPDATE contacts SET lead_source = NEW.source WHERE contacts.id = NEW.id`),
  ).toEqual([
    ["rule", "fill on crm.log", ["id", "lead_source"]],
    ["rule", "keep on crm.contacts", ["email", "id", "lead_source"]],
  ]);
});

it("finds policies, generated columns and statistics", async () => {
  expect(
    await dependentsOf(`
      CREATE POLICY "own rows" ON contacts USING (lead_source = current_user) WITH CHECK (id > 0);
      ALTER TABLE contacts ADD COLUMN label text GENERATED ALWAYS AS (lead_source || email) STORED;
      CREATE STATISTICS together ON lead_source, email FROM contacts;
      CREATE STATISTICS lowered ON (lower(lead_source)) FROM contacts`),
  ).toEqual([
    ["generated column", "crm.contacts.label", ["email", "lead_source"]],
    ["policy", '"own rows" on crm.contacts', ["id", "lead_source"]],
    ["statistics", "crm.lowered", ["lead_source"]],
    ["statistics", "crm.together", ["email", "lead_source"]],
  ]);
});

it("finds publications, by column list and row filter, and those of whole rows without columns", async () => {
  const drop = "DROP PUBLICATION IF EXISTS listed, filtered, whole, schema_wide, everything";
  try {
    expect(
      await dependentsOf(`${drop};
        CREATE PUBLICATION listed FOR TABLE contacts (id, lead_source);
        CREATE PUBLICATION filtered FOR TABLE contacts WHERE (email IS NOT NULL);
        CREATE PUBLICATION whole FOR TABLE contacts;
        CREATE PUBLICATION schema_wide FOR TABLES IN SCHEMA crm;
        CREATE PUBLICATION everything FOR ALL TABLES`),
    ).toEqual([
      ["publication", "everything", []],
      ["publication", "filtered", ["email"]],
      ["publication", "listed", ["id", "lead_source"]],
      ["publication", "schema_wide", []],
      ["publication", "whole", []],
    ]);
  } finally {
    await db.client.query(drop);
  }
});

it("finds functions by their SQL body, and by the table's row type", async () => {
  expect(
    await dependentsOf(`
      CREATE FUNCTION sources() RETURNS SETOF text BEGIN ATOMIC SELECT lead_source FROM contacts; END;
      CREATE FUNCTION rows_of() RETURNS SETOF contacts LANGUAGE sql AS 'SELECT * FROM crm.contacts';
      CREATE FUNCTION label(contacts) RETURNS text LANGUAGE sql AS 'SELECT $1.lead_source';
      CREATE FUNCTION by_text() RETURNS text LANGUAGE sql AS 'SELECT lead_source FROM crm.contacts'`),
  ).toEqual([
    ["function", "crm.label(crm.contacts)", []],
    ["function", "crm.rows_of()", []],
    ["function", "crm.sources()", ["lead_source"]],
  ]);
});

it("finds what else a dropped column would take along", async () => {
  expect(await dependentsOf("CREATE SEQUENCE numbers OWNED BY contacts.lead_source")).toEqual([
    ["other", "sequence crm.numbers", ["lead_source"]],
  ]);
});

it("leaves to other parts of the catalog what they describe: keys, indexes, defaults, triggers", async () => {
  expect(
    await dependentsOf(`
      CREATE INDEX ON contacts (lead_source); ALTER TABLE contacts ALTER lead_source SET DEFAULT 'web';
      ALTER TABLE contacts ADD CHECK (lead_source <> ''), ADD UNIQUE (lead_source);
      CREATE TABLE deals (contact int REFERENCES contacts);
      CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
      CREATE TRIGGER t BEFORE UPDATE OF lead_source ON contacts FOR EACH ROW EXECUTE FUNCTION f()`),
  ).toEqual([]);
});

it("finds what depends on a single partition", async () => {
  await crmSchema(
    db,
    `CREATE TABLE contacts (id int, lead_source text) PARTITION BY LIST (id);
     CREATE TABLE shifted (lead_source text, id int); ALTER TABLE contacts ATTACH PARTITION shifted DEFAULT;
     CREATE VIEW reading AS SELECT lead_source FROM shifted; CREATE POLICY own ON shifted USING (id > 1)`,
  );
  expect((await readTable(db)).dependents).toEqual([
    { kind: "policy", name: "own on crm.shifted", columns: ["id"] },
    { kind: "view", name: "crm.reading", columns: ["lead_source"] },
  ]);
});
