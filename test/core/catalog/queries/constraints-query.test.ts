import { afterAll, beforeAll, expect, it } from "vitest";
import { freshDatabase, type FreshDatabase } from "../../../support/postgres.ts";
import { crmSchema, readTable, searchPathOfCrm } from "../table-reader.ts";

let db: FreshDatabase;
beforeAll(async () => {
  db = await freshDatabase();
  await searchPathOfCrm(db);
  await db.client.query("CREATE EXTENSION btree_gist SCHEMA public");
});
afterAll(async () => db.close());

it("reads every kind of constraint with its columns in their order", async () => {
  await crmSchema(
    db,
    `CREATE TABLE accounts (b int, a int, PRIMARY KEY (b, a));
     CREATE TABLE contacts (id int CONSTRAINT key PRIMARY KEY, a int, b int, email text, during tstzrange,
       CONSTRAINT sane CHECK (a > 0 AND b < 9), CONSTRAINT account FOREIGN KEY (b, a) REFERENCES accounts,
       CONSTRAINT once UNIQUE (email, a), CONSTRAINT apart EXCLUDE USING gist (a WITH =, during WITH &&))`,
  );
  const { constraints } = await readTable(db);
  expect(constraints).toEqual([
    {
      name: "account",
      kind: "foreign key",
      columns: ["b", "a"],
      definition: "FOREIGN KEY (b, a) REFERENCES crm.accounts(b, a)",
    },
    {
      name: "apart",
      kind: "exclusion",
      columns: ["a", "during"],
      definition: "EXCLUDE USING gist (a WITH =, during WITH &&)",
    },
    { name: "key", kind: "primary key", columns: ["id"], definition: "PRIMARY KEY (id)" },
    { name: "once", kind: "unique", columns: ["email", "a"], definition: "UNIQUE (email, a)" },
    { name: "sane", kind: "check", columns: ["a", "b"], definition: "CHECK (((a > 0) AND (b < 9)))" },
  ]);
});

it("reads the foreign keys of other tables, and of the table itself, that refer to it", async () => {
  await crmSchema(
    db,
    `CREATE TABLE contacts (id int PRIMARY KEY, email text UNIQUE, boss int CONSTRAINT boss REFERENCES contacts);
     CREATE TABLE "Deals" (email text CONSTRAINT contact REFERENCES contacts (email));
     CREATE TABLE visits (contact int CONSTRAINT visitor REFERENCES contacts, day date) PARTITION BY RANGE (day);
     CREATE TABLE visits_all PARTITION OF visits DEFAULT`,
  );
  const { constraints } = await readTable(db);
  const foreign = constraints.filter(({ kind }) => kind === "foreign key");
  expect(foreign.map(({ name, columns, referencedBy }) => [name, columns, referencedBy])).toEqual([
    ["boss", ["boss"], undefined],
    ["boss", ["id"], "crm.contacts"],
    ["contact", ["email"], 'crm."Deals"'],
    ["visitor", ["id"], "crm.visits"],
  ]);
});

it("reads a foreign key on a partitioned table once", async () => {
  await crmSchema(
    db,
    `CREATE TABLE accounts (id int PRIMARY KEY);
     CREATE TABLE contacts (id int PRIMARY KEY, account int CONSTRAINT account REFERENCES accounts) PARTITION BY RANGE (id);
     CREATE TABLE contacts_all PARTITION OF contacts DEFAULT;
     CREATE TABLE deals (contact int CONSTRAINT contact REFERENCES contacts)`,
  );
  const { constraints } = await readTable(db);
  expect(constraints.map(({ name, partition }) => [name, partition])).toEqual([
    ["account", undefined],
    ["contacts_pkey", undefined],
    ["contact", undefined],
  ]);
});
