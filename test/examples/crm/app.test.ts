import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { CrmApp, type Router } from "../../../examples/crm/app.ts";
import type { Path } from "../../../examples/crm/contact-queries.ts";
import { seed } from "../../../examples/crm/seed.ts";
import { verifyTable, verifyWrites, type WriteVerdict } from "../../../examples/crm/verify-writes.ts";
import { startPostgres, type PostgresServer } from "../../../local/postgres.ts";

const CONTACTS = 4_000;
const RATE = 400;
let server: PostgresServer;
let client: Client;
let app: CrmApp;
const paths: { read: Path; write: Path } = { read: "old", write: "old" };
const router: Router = { route: ({ path }) => paths[path] };

async function connect(database: string): Promise<Client> {
  const connection = new Client({ connectionString: server.connectionString(database) });
  await connection.connect();
  return connection;
}

beforeAll(async () => {
  server = await startPostgres({ settings: { fsync: "off" } });
  const admin = await connect("postgres");
  await admin.query("CREATE DATABASE seeded");
  const seeded = await connect("seeded");
  await seed(seeded, CONTACTS);
  await seeded.end();
  await admin.end();
});

afterAll(() => server.stop());

beforeEach(async () => {
  const admin = await connect("postgres");
  await admin.query("DROP DATABASE IF EXISTS crm WITH (FORCE)");
  await admin.query("CREATE DATABASE crm TEMPLATE seeded STRATEGY file_copy");
  await admin.end();
  client = await connect("crm");
  Object.assign(paths, { read: "old", write: "old" });
  app = new CrmApp({ connectionString: server.connectionString("crm"), router, rate: RATE, share: 1 });
});

afterEach(async () => {
  await app.stop();
  await client.end();
});

/** Runs the application until it has answered `requests` more. */
async function serve(requests: number): Promise<void> {
  const enough = app.latency.summary().requests + requests;
  while (app.latency.summary().requests < enough) await sleep(20);
}

function verify(column: "lead_source" | "acquisition_channel" = "lead_source"): Promise<WriteVerdict> {
  return verifyWrites({ client, contacts: app.book.all, seeded: CONTACTS, column });
}

describe("seed", () => {
  it("gives the same rows on every machine", async () => {
    await client.query("SET timezone = 'UTC'");
    const { rows } = await client.query(
      "SELECT md5(string_agg(c::text, chr(10) ORDER BY id)) AS digest FROM crm.contacts AS c",
    );
    expect(rows).toEqual([{ digest: "b0c22fd5f9c879da1e5a967d6d9bfc38" }]);
  });

  it("spreads contacts over 40 tenants of very different size and 4 regions", async () => {
    const { rows } = await client.query(
      `SELECT count(*)::int AS tenants, max(n)::int AS largest, min(n)::int AS smallest, sum(n)::int AS contacts
       FROM (SELECT count(*) AS n FROM crm.contacts GROUP BY tenant_id) AS sizes`,
    );
    expect(rows).toEqual([{ tenants: 40, largest: 956, smallest: 17, contacts: CONTACTS }]);
    const regions = await client.query("SELECT DISTINCT region FROM crm.contacts");
    expect(regions.rowCount).toBe(4);
  });

  it("keeps accounts, owners and contacts within their tenant", async () => {
    const { rows } = await client.query(
      `SELECT count(*)::int AS strays FROM crm.contacts AS c
       JOIN crm.accounts AS a ON a.id = c.account_id JOIN crm.users AS u ON u.id = c.owner_id
       WHERE a.tenant_id <> c.tenant_id OR u.tenant_id <> c.tenant_id`,
    );
    expect(rows).toEqual([{ strays: 0 }]);
  });

  it("is as dirty as real history", async () => {
    const { rows } = await client.query(
      `SELECT bool_or(lead_source IS NULL) AS null, bool_or(lead_source = '') AS empty,
         bool_or(lead_source ~ '^\\s+$') AS blank, bool_or(lead_source <> rtrim(lead_source)) AS trailing,
         bool_or(lead_source = 'WEB') AS upper, bool_or(lead_source = '🚀 launch') AS emoji,
         bool_or(length(lead_source) > 9000) AS long
       FROM crm.contacts`,
    );
    expect(rows).toEqual([
      { null: true, empty: true, blank: true, trailing: true, upper: true, emoji: true, long: true },
    ]);
  });

  it("leaves identities after the last seeded id", async () => {
    const { rows } = await client.query("SELECT nextval(pg_get_serial_sequence('crm.contacts', 'id'))::int AS next");
    expect(rows).toEqual([{ next: CONTACTS + 1 }]);
  });
});

describe("verifyTable", () => {
  it("judges by the old column as long as it is there", async () => {
    await client.query("ALTER TABLE crm.contacts ADD COLUMN acquisition_channel text");
    await app.start();
    await serve(50);
    await app.stop();
    const props = { connectionString: server.connectionString("crm"), contacts: app.book.all, seeded: CONTACTS };
    expect(await verifyTable(props)).toMatchObject({ lost: 0, changed: 0 });
  });
});

describe("CrmApp", () => {
  it("serves every request without an error and loses no write", async () => {
    await app.start();
    await serve(800);
    await app.stop();
    expect([...app.messages]).toEqual([]);
    expect(app.latency.summary().errors).toBe(0);
    expect(app.contradictions).toBe(0);
    const verdict = await verify();
    expect(verdict).toMatchObject({ lost: 0, changed: 0, acknowledged: app.book.written.length });
    expect(verdict.acknowledged).toBeGreaterThan(100);
    expect(verdict.untouched).toBeGreaterThan(1_000);
  });

  it("follows the flag from the old column to the new one while both exist, and on when the old one is gone", async () => {
    await addSyncedColumn();
    await app.start();
    await serve(300);
    expect(app.takeRouted().new).toBe(0);
    paths.read = "new";
    await serve(300);
    paths.write = "new";
    // Requests that were routed before the flip must be over before the old column goes.
    await serve(300);
    await client.query("DROP TRIGGER sync ON crm.contacts");
    await client.query("ALTER TABLE crm.contacts DROP COLUMN lead_source");
    await serve(300);
    await app.stop();
    expect([...app.messages]).toEqual([]);
    expect(app.takeRouted().new).toBeGreaterThan(500);
    expect(await verify("acquisition_channel")).toMatchObject({ lost: 0, changed: 0 });
    const props = { connectionString: server.connectionString("crm"), contacts: app.book.all, seeded: CONTACTS };
    expect(await verifyTable(props)).toEqual(await verify("acquisition_channel"));
  });

  it("reports requests on the old column as errors once it is gone", async () => {
    await app.start();
    await client.query("ALTER TABLE crm.contacts DROP COLUMN lead_source");
    await serve(100);
    expect(app.latency.summary().errors).toBeGreaterThan(50);
    expect([...app.messages]).toContain('column "lead_source" does not exist');
  });

  it("notices while it runs that another value was read than the one acknowledged", async () => {
    await app.start();
    await client.query("UPDATE crm.contacts SET lead_source = 'tampered'");
    await serve(100);
    expect(app.contradictions).toBeGreaterThan(0);
  });

  it("finds a write that was lost, one that came back, and a row that changed though nobody wrote to it", async () => {
    await app.start();
    await serve(600);
    await app.stop();
    const written = app.book.all.find(({ state }) => state === "written")!;
    const deleted = app.book.all.find(({ state, id }) => state === "deleted" && Number(id) <= CONTACTS)!;
    const untouched = app.book.all.filter(({ state }) => state === "untouched");
    await client.query("UPDATE crm.contacts SET lead_source = 'lost' WHERE id = $1", [written.id]);
    await client.query(
      `INSERT INTO crm.contacts (id, tenant_id, account_id, owner_id, region, first_name, last_name)
       SELECT $1, tenant_id, account_id, owner_id, region, 'Back', 'Again' FROM crm.contacts LIMIT 1`,
      [deleted.id],
    );
    await client.query("UPDATE crm.contacts SET lead_source = 'changed' WHERE id = $1", [untouched[0]!.id]);
    await client.query("DELETE FROM crm.contacts WHERE id = $1", [untouched[1]!.id]);
    expect(await verify()).toMatchObject({ lost: 2, changed: 2 });
  });

  it("counts its requests by phase", async () => {
    await app.start();
    await serve(50);
    app.latency.enterPhase("expand");
    await serve(50);
    await app.stop();
    const { latency } = app;
    expect(latency.phases).toEqual(["warm-up", "expand"]);
    expect(latency.summary(["warm-up"]).requests).toBeGreaterThanOrEqual(50);
    expect(latency.summary(["warm-up"]).requests + latency.summary(["expand"]).requests).toBe(
      latency.summary().requests,
    );
  });
});

/** What expand and backfill leave behind, in the plainest form. */
async function addSyncedColumn(): Promise<void> {
  await client.query("ALTER TABLE crm.contacts ADD COLUMN acquisition_channel text");
  await client.query("UPDATE crm.contacts SET acquisition_channel = lead_source");
  await client.query(`
    CREATE FUNCTION crm.sync() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF TG_OP = 'INSERT' THEN
        NEW.lead_source := coalesce(NEW.lead_source, NEW.acquisition_channel);
        NEW.acquisition_channel := NEW.lead_source;
      ELSIF NEW.lead_source IS DISTINCT FROM OLD.lead_source THEN NEW.acquisition_channel := NEW.lead_source;
      ELSE NEW.lead_source := NEW.acquisition_channel;
      END IF;
      RETURN NEW;
    END $$`);
  await client.query(
    "CREATE TRIGGER sync BEFORE INSERT OR UPDATE ON crm.contacts FOR EACH ROW EXECUTE FUNCTION crm.sync()",
  );
}
