import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { catalogSchema } from "../../../core/catalog/catalog-schema.ts";
import { readCatalog } from "../../../core/catalog/read-catalog.ts";
import type { Session } from "../../../core/ports.ts";
import { sql } from "../../../core/sql/statement.ts";
import { freshDatabase, type FreshDatabase } from "../../support/postgres.ts";
import { crmSchema, readCrm, readTable, searchPathOfCrm } from "./table-reader.ts";

let db: FreshDatabase;
beforeAll(async () => {
  db = await freshDatabase();
  await searchPathOfCrm(db);
});
afterAll(async () => db.close());

describe("the server", () => {
  it("says its version, block size, role and that there is no ledger yet", async () => {
    expect(await readCatalog(db.database, { schema: "crm", name: "missing" })).toEqual({
      format: 1,
      serverVersion: expect.toSatisfy((version: number) => version >= 170_000 && version < 180_000) as number,
      role: { name: "postgres", superuser: true, mayCreateSchema: true },
      ledger: { exists: false, usable: false },
      blockSize: 8192,
      settings: {
        maxConnections: expect.toSatisfy((connections: number) => connections > 0) as number,
        statementTimeout: 0,
        lockTimeout: 0,
        idleInTransactionTimeout: 0,
        transactionTimeout: 0,
      },
    });
  });

  it("says what sessions of the role begin with, and nothing of what one of them has set for itself", async () => {
    const own = await freshDatabase();
    try {
      await own.client.query(`
        ALTER DATABASE ${own.name} SET statement_timeout = '90s';
        ALTER ROLE postgres IN DATABASE ${own.name} SET lock_timeout = '1500ms';
        ALTER ROLE postgres IN DATABASE ${own.name} SET idle_in_transaction_session_timeout = '2min'`);
      const { settings } = await own.database.transaction(async (session) => {
        await session.execute(sql`SET LOCAL statement_timeout = 12345`);
        return readCatalog(session, CONTACTS);
      });
      expect(settings).toMatchObject({
        statementTimeout: 90_000,
        lockTimeout: 1_500,
        idleInTransactionTimeout: 120_000,
      });
    } finally {
      await own.close();
    }
  });

  it("knows a ledger that the role may use from one that it may not", async () => {
    const role = `reader_${db.name}`;
    await crmSchema(db, `CREATE SCHEMA sluice; CREATE TABLE contacts (id int); CREATE ROLE ${role}`);
    try {
      const asReader = as(role);
      expect((await readCatalog(asReader, CONTACTS)).ledger).toEqual({ exists: true, usable: false });
      await db.client.query(`GRANT USAGE ON SCHEMA sluice TO ${role}`);
      expect((await readCatalog(asReader, CONTACTS)).ledger).toEqual({ exists: true, usable: false });
      await db.client.query(`GRANT CREATE ON SCHEMA sluice TO ${role}`);
      expect((await readCatalog(asReader, CONTACTS)).ledger).toEqual({ exists: true, usable: true });
      expect((await readCatalog(asReader, CONTACTS)).role).toEqual({
        name: role,
        superuser: false,
        mayCreateSchema: false,
      });
    } finally {
      await db.client.query(`DROP OWNED BY ${role}; DROP ROLE ${role}; DROP SCHEMA sluice`);
    }
  });

  it("leaves the table out on a server older than 14, whose catalogs the queries do not know", async () => {
    const old: Session = {
      execute: async () =>
        Promise.resolve([
          {
            document: JSON.stringify({
              serverVersion: 130_016,
              role: { name: "sluice", superuser: false, mayCreateSchema: true },
              ledger: { exists: false, usable: false },
              blockSize: 8192,
              relation: "16384",
            }),
          },
        ]),
    };
    expect(await readCatalog(old, CONTACTS)).toMatchObject({ serverVersion: 130_016 });
    expect(await readCatalog(old, CONTACTS)).not.toHaveProperty("table");
  });

  it("names the part of an answer that it does not know", async () => {
    const strange: Session = { execute: async () => Promise.resolve([{ document: '{"serverVersion":"17"}' }]) };
    await expect(readCatalog(strange, CONTACTS)).rejects.toThrow(
      /^catalog query: returned what Sluice does not know: /,
    );
  });
});

describe("a session", () => {
  it("keeps its search_path after a read outside a transaction", async () => {
    await crmSchema(db, "CREATE TABLE contacts (id int)");
    await readTable(db);
    const [row] = await db.database.execute(sql`SELECT current_setting('search_path') AS search_path`);
    expect(row).toEqual({ search_path: "crm, public" });
  });

  it("reads the same inside a transaction", async () => {
    await crmSchema(db, "CREATE TABLE contacts (id int)");
    const inside = await db.database.transaction(async (session) => readCatalog(session, CONTACTS));
    expect(inside).toEqual(await readCrm(db));
  });
});

describe("a table", () => {
  it("is found by its exact name, with upper case, dots, quotes, spaces, keywords and other alphabets", async () => {
    const names = ["Contacts", "con.tacts", 'con"tacts', "con tacts", "select", "контакты", "a'b", "x".repeat(63)];
    for (const name of names) {
      const quotedName = `"${name.replaceAll('"', '""')}"`;
      await crmSchema(
        db,
        `CREATE TABLE ${quotedName} (${quotedName} text); CREATE INDEX ON ${quotedName} (${quotedName})`,
      );
      const table = await readTable(db, name);
      expect([table.schema, table.name]).toEqual(["crm", name]);
      expect(table.columns.map((column) => column.name)).toEqual([name]);
      expect(table.indexes.flatMap(({ keys }) => keys.map(({ column }) => column))).toEqual([name]);
    }
  });

  it("is not found by a name that PostgreSQL would fold or cut to it", async () => {
    await crmSchema(db, `CREATE TABLE contacts (id int); CREATE TABLE "${"x".repeat(63)}" (id int)`);
    expect(await readCrm(db, "Contacts")).not.toHaveProperty("table");
    expect(await readCrm(db, "x".repeat(64))).not.toHaveProperty("table");
  });

  it.each([
    ["table", "CREATE TABLE contacts (id int)"],
    ["partitioned table", "CREATE TABLE contacts (id int) PARTITION BY LIST (id)"],
    ["view", "CREATE VIEW contacts AS SELECT 1 AS id"],
    ["materialized view", "CREATE MATERIALIZED VIEW contacts AS SELECT 1 AS id"],
    ["sequence", "CREATE SEQUENCE contacts"],
    ["composite type", "CREATE TYPE contacts AS (id int)"],
    ["index", "CREATE TABLE t (id int); CREATE INDEX contacts ON t (id)"],
    [
      "foreign table",
      `CREATE EXTENSION IF NOT EXISTS postgres_fdw SCHEMA public; DROP SERVER IF EXISTS elsewhere CASCADE;
       CREATE SERVER elsewhere FOREIGN DATA WRAPPER postgres_fdw; CREATE FOREIGN TABLE contacts (id int) SERVER elsewhere`,
    ],
  ])("is told from what it is not: %s", async (kind, setup) => {
    await crmSchema(db, setup);
    expect((await readTable(db)).kind).toBe(kind);
  });

  it("is permanent, unlogged or temporary", async () => {
    await crmSchema(db, "CREATE UNLOGGED TABLE contacts (id int); CREATE TEMPORARY TABLE passing (id int)");
    expect((await readTable(db)).persistence).toBe("unlogged");
    const { rows } = await db.client.query<{ schema: string }>(
      "SELECT CAST(relnamespace AS regnamespace) AS schema FROM pg_class WHERE relname = 'passing'",
    );
    const { table } = await readCatalog(db.database, { schema: rows[0]!.schema, name: "passing" });
    expect(table?.persistence).toBe("temporary");
  });

  it("has no rows until it is analysed, and its blocks from the start", async () => {
    await crmSchema(
      db,
      "CREATE TABLE contacts (id int, note text); INSERT INTO contacts SELECT g FROM generate_series(1, 1000) g",
    );
    const before = await readTable(db);
    expect(before.rows).toBe(0);
    expect(before.blocks).toBeGreaterThan(0);
    await db.client.query("ANALYZE crm.contacts");
    expect((await readTable(db)).rows).toBe(1000);
  });

  it("counts its main fork in blocks, and its TOAST table in bytes too", async () => {
    await crmSchema(
      db,
      `CREATE TABLE contacts (id int, note text); ALTER TABLE contacts ALTER note SET STORAGE EXTERNAL;
       INSERT INTO contacts SELECT g, repeat('x', 10000) FROM generate_series(1, 50) g`,
    );
    await db.client.query("VACUUM crm.contacts");
    const { rows } = await db.client.query<{ main: number }>(
      "SELECT CAST(pg_relation_size('crm.contacts', 'main') AS integer) AS main",
    );
    const table = await readTable(db);
    expect(table.blocks * 8192).toBe(rows[0]!.main);
    expect(table.bytes).toBeGreaterThan(500_000);
  });

  it("knows its parents and children by inheritance", async () => {
    await crmSchema(
      db,
      `CREATE TABLE people (id int); CREATE TABLE contacts () INHERITS (people); CREATE TABLE "Old" () INHERITS (contacts)`,
    );
    const table = await readTable(db);
    expect(table.parents).toEqual(["crm.people"]);
    expect(table.inheritanceChildren).toEqual(['crm."Old"']);
    expect(table.partitions).toEqual([]);
  });

  it("knows that it is typed", async () => {
    await crmSchema(db, "CREATE TYPE person AS (id int); CREATE TABLE contacts OF person");
    expect((await readTable(db)).typed).toBe(true);
  });

  it("of 1,600 columns with long names comes within the Data API's limits", async () => {
    const columns = Array.from({ length: 1_600 }, (_, index) => `${String(index).padStart(4, "c")}${"x".repeat(50)}`);
    await crmSchema(db, `CREATE TABLE contacts (${columns.map((column) => `"${column}" text`).join(", ")})`);
    expect((await readTable(db)).columns.map(({ name }) => name)).toEqual(columns);
  });

  it("survives a snapshot as JSON", async () => {
    await crmSchema(db, "CREATE TABLE contacts (id int PRIMARY KEY, email text DEFAULT 'a')");
    const catalog = await readCrm(db);
    expect(catalogSchema.parse(JSON.parse(JSON.stringify(catalog)))).toEqual(catalog);
  });
});

describe("who may read a table by a grant", () => {
  it("is every role but its owner and ours, by the table or by one column, and PUBLIC", async () => {
    const [bi, etl, owner] = ["bi", "etl", "owner"].map((name) => `${name}_${db.name}`);
    const roles = [bi, etl, owner].join(", ");
    await crmSchema(db, `CREATE TABLE contacts (id int, email text)`);
    expect((await readTable(db)).readers).toEqual([]);
    await db.client.query(`CREATE ROLE ${bi!}; CREATE ROLE ${etl!}; CREATE ROLE ${owner!}`);
    try {
      await db.client.query(`
        ALTER TABLE crm.contacts OWNER TO ${owner!}; GRANT SELECT ON crm.contacts TO ${owner!}, postgres;
        GRANT SELECT, UPDATE ON crm.contacts TO ${etl!}; GRANT SELECT (email), SELECT (id) ON crm.contacts TO ${bi!}`);
      expect((await readTable(db)).readers).toEqual([bi, etl]);
      await db.client.query(`REVOKE SELECT ON crm.contacts FROM ${etl!}; GRANT SELECT ON crm.contacts TO PUBLIC`);
      expect((await readTable(db)).readers).toEqual(["PUBLIC", bi]);
    } finally {
      await db.client.query(`DROP OWNED BY ${roles} CASCADE; DROP ROLE ${roles}`);
    }
  });
});

describe("ownership and row security", () => {
  const role = (): string => `app_${db.name}`;

  it("follow the role, its memberships and every partition", async () => {
    await crmSchema(
      db,
      `CREATE ROLE ${role()}; GRANT USAGE ON SCHEMA crm TO ${role()};
       CREATE TABLE contacts (id int) PARTITION BY LIST (id); CREATE TABLE contacts_1 PARTITION OF contacts FOR VALUES IN (1)`,
    );
    try {
      expect((await readCatalog(as(role()), CONTACTS)).table).toMatchObject({
        roleOwns: false,
        mayCreateIndexes: false,
      });
      await db.client.query(`ALTER TABLE crm.contacts OWNER TO ${role()}; GRANT CREATE ON SCHEMA crm TO ${role()}`);
      expect((await readCatalog(as(role()), CONTACTS)).table).toMatchObject({
        roleOwns: false,
        mayCreateIndexes: true,
      });
      await db.client.query(`ALTER TABLE crm.contacts_1 OWNER TO ${role()}`);
      expect((await readCatalog(as(role()), CONTACTS)).table).toMatchObject({ roleOwns: true, owner: role() });

      await db.client.query("ALTER TABLE crm.contacts ENABLE ROW LEVEL SECURITY");
      expect((await readCatalog(as(role()), CONTACTS)).table).toMatchObject({
        rowSecurity: true,
        rowSecurityActive: false,
      });
      await db.client.query("ALTER TABLE crm.contacts_1 ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY");
      expect((await readCatalog(as(role()), CONTACTS)).table).toMatchObject({ rowSecurityActive: true });
      expect((await readTable(db)).rowSecurityActive).toBe(false);
    } finally {
      await db.client.query(`DROP OWNED BY ${role()} CASCADE; DROP ROLE ${role()}`);
    }
  });
});

describe("a partitioned table", () => {
  const TREE = `
    CREATE TABLE contacts (id int, region text, created_at date, note text) PARTITION BY LIST (region);
    CREATE TABLE contacts_eu PARTITION OF contacts FOR VALUES IN ('eu') PARTITION BY RANGE (date_part('year', created_at));
    CREATE TABLE "Contacts EU 2025" PARTITION OF contacts_eu FOR VALUES FROM (2025) TO (2026);
    CREATE TABLE contacts_eu_rest PARTITION OF contacts_eu DEFAULT;
    CREATE TABLE shifted (note text, gone int, region text, id int, created_at date);
    ALTER TABLE shifted DROP gone; ALTER TABLE contacts ATTACH PARTITION shifted DEFAULT;
    INSERT INTO contacts SELECT g, CASE g % 2 WHEN 0 THEN 'eu' ELSE 'us' END, date '2025-01-01' + g FROM generate_series(1, 3000) g;
    ANALYZE contacts`;

  it("lists its partitions at every level, and sums their leaves", async () => {
    await crmSchema(db, TREE);
    const table = await readTable(db);
    expect(table.partitions).toEqual([
      { schema: "crm", name: "contacts_eu", kind: "partitioned table" },
      { schema: "crm", name: "shifted", kind: "table" },
      { schema: "crm", name: "Contacts EU 2025", kind: "table" },
      { schema: "crm", name: "contacts_eu_rest", kind: "table" },
    ]);
    const { rows } = await db.client.query<{ blocks: number }>(
      `SELECT CAST(sum(pg_relation_size(oid)) / 8192 AS integer) AS blocks FROM pg_class
       WHERE relkind = 'r' AND relnamespace = CAST('crm' AS regnamespace)`,
    );
    expect(table).toMatchObject({ rows: 3000, blocks: rows[0]!.blocks, accessMethods: ["heap"], parents: [] });
  });

  it("has the columns of the partition keys of all levels, those in expressions too", async () => {
    await crmSchema(db, TREE);
    expect((await readTable(db)).partitionKeyColumns).toEqual(["created_at", "region"]);
    expect((await readTable(db, "contacts_eu")).parents).toEqual(["crm.contacts"]);
  });

  it("shows what a single partition has of its own, and nothing twice", async () => {
    await crmSchema(
      db,
      `${TREE};
       CREATE INDEX contacts_id_idx ON contacts (id); CREATE INDEX own_idx ON shifted (note);
       ALTER TABLE contacts ADD CONSTRAINT named CHECK (id > 0); ALTER TABLE shifted ADD CONSTRAINT own CHECK (note <> '');
       CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
       CREATE TRIGGER everywhere BEFORE INSERT ON contacts FOR EACH ROW EXECUTE FUNCTION touch();
       CREATE TRIGGER own BEFORE INSERT ON shifted FOR EACH ROW EXECUTE FUNCTION touch();
       CREATE VIEW reading AS SELECT note FROM shifted`,
    );
    const table = await readTable(db);
    expect(table.indexes.map(({ name, partition }) => [name, partition])).toEqual([
      ["contacts_id_idx", undefined],
      ["own_idx", "crm.shifted"],
    ]);
    expect(table.constraints.map(({ name, partition, columns }) => [name, partition, columns])).toEqual([
      ["named", undefined, ["id"]],
      ["own", "crm.shifted", ["note"]],
    ]);
    expect(table.triggers.map(({ name, partition }) => [name, partition])).toEqual([
      ["everywhere", undefined],
      ["own", "crm.shifted"],
    ]);
    expect(table.dependents).toEqual([{ kind: "view", name: "crm.reading", columns: ["note"] }]);
  });
});

const CONTACTS = { schema: "crm", name: "contacts" };

/** The Data API's session as another role: each statement in a transaction of its own. */
function as(role: string): Session {
  return {
    execute: async (statement) =>
      db.database.transaction(async (session) => {
        await session.execute({ text: `SET LOCAL ROLE ${role}`, parameters: {} });
        return session.execute(statement);
      }),
  };
}
