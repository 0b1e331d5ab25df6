import { afterAll, beforeAll, expect, it } from "vitest";
import { freshDatabase, type FreshDatabase } from "../../../support/postgres.ts";
import { crmSchema, readTable, searchPathOfCrm } from "../table-reader.ts";

let db: FreshDatabase;
beforeAll(async () => {
  db = await freshDatabase();
  await searchPathOfCrm(db);
});
afterAll(async () => db.close());

const TABLE = `CREATE TABLE contacts (id int, "Lead.Source" text, email text, updated_at timestamptz);
  CREATE FUNCTION "Touch"() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';`;

it("reads timing, level, events, UPDATE OF and the columns of a WHEN clause", async () => {
  await crmSchema(
    db,
    `${TABLE} CREATE TRIGGER t BEFORE INSERT OR UPDATE OF "Lead.Source", id ON contacts FOR EACH ROW
       WHEN (NEW.email IS NOT NULL) EXECUTE FUNCTION "Touch"()`,
  );
  expect((await readTable(db)).triggers).toEqual([
    {
      name: "t",
      timing: "before",
      level: "row",
      events: ["insert", "update"],
      enabled: "origin",
      function: 'crm."Touch"',
      definition:
        'CREATE TRIGGER t BEFORE INSERT OR UPDATE OF "Lead.Source", id ON crm.contacts FOR EACH ROW WHEN ((new.email IS NOT NULL)) EXECUTE FUNCTION crm."Touch"()',
      updateOf: ["Lead.Source", "id"],
      columns: ["Lead.Source", "email", "id"],
      functionColumns: [],
    },
  ]);
});

it("reads statement triggers, constraint triggers, and how each is enabled", async () => {
  await crmSchema(
    db,
    `${TABLE}
     CREATE TRIGGER a AFTER TRUNCATE ON contacts EXECUTE FUNCTION "Touch"();
     CREATE TRIGGER b AFTER DELETE ON contacts FOR EACH ROW EXECUTE FUNCTION "Touch"();
     CREATE CONSTRAINT TRIGGER c AFTER UPDATE ON contacts DEFERRABLE FOR EACH ROW EXECUTE FUNCTION "Touch"();
     ALTER TABLE contacts DISABLE TRIGGER a, ENABLE ALWAYS TRIGGER b, ENABLE REPLICA TRIGGER c`,
  );
  const { triggers } = await readTable(db);
  expect(triggers.map(({ name, timing, level, events, enabled }) => [name, timing, level, events, enabled])).toEqual([
    ["a", "after", "statement", ["truncate"], "disabled"],
    ["b", "after", "row", ["delete"], "always"],
    ["c", "after", "row", ["update"], "replica"],
  ]);
});

it("lists them in the order in which PostgreSQL fires them", async () => {
  const names = ["zebra", "Zebra", "~a", "_a", "état", "apple"];
  const triggers = names.map(
    (name) => `CREATE TRIGGER "${name}" BEFORE INSERT ON contacts FOR EACH ROW EXECUTE FUNCTION say();`,
  );
  await crmSchema(
    db,
    `${TABLE} CREATE TABLE said (at int GENERATED ALWAYS AS IDENTITY, name text);
     CREATE FUNCTION say() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO crm.said (name) VALUES (TG_NAME); RETURN NEW; END';
     ${triggers.join("\n")} INSERT INTO contacts (id) VALUES (1)`,
  );
  const { rows } = await db.client.query<{ name: string }>("SELECT name FROM crm.said ORDER BY at");
  expect((await readTable(db)).triggers.map(({ name }) => name)).toEqual(rows.map(({ name }) => name));
});

it("leaves PostgreSQL's own triggers of foreign keys out", async () => {
  await crmSchema(db, "CREATE TABLE contacts (id int PRIMARY KEY, boss int REFERENCES contacts)");
  expect((await readTable(db)).triggers).toEqual([]);
});

it.each([
  ['NEW."Lead.Source" = lower(NEW."Lead.Source")', ["Lead.Source"]],
  ["new . email = OLD\n.\nEMAIL", ["email"]],
  ["NEW.updated_at = now()", ["updated_at"]],
  ["NEW.emails_sent = 1; NEW.identity = 2", []],
  ["renew.email = 1", []],
  ["RAISE NOTICE 'email of id'", []],
])("finds the columns that a function's text takes from NEW and OLD: %s", async (body, columns) => {
  await crmSchema(
    db,
    `SET check_function_bodies = off; ${TABLE}
     CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN ${body}; RETURN NEW; END $f$;
     CREATE TRIGGER t BEFORE INSERT ON contacts FOR EACH ROW EXECUTE FUNCTION f()`,
  );
  expect((await readTable(db)).triggers[0]?.functionColumns).toEqual(columns);
});

it("takes a column's name as it is, whatever a pattern would make of it", async () => {
  await crmSchema(
    db,
    `CREATE TABLE contacts ("a.*(b)[c]\\d" text, "say ""hi""" text);
     CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $f$
       BEGIN NEW."a.*(b)[c]\\d" = NEW."say ""hi"""; RETURN NEW; END $f$;
     CREATE TRIGGER t BEFORE INSERT ON contacts FOR EACH ROW EXECUTE FUNCTION f()`,
  );
  expect((await readTable(db)).triggers[0]?.functionColumns).toEqual(["a.*(b)[c]\\d", 'say "hi"']);
});
