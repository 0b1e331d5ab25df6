import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { APPLICATION_NAME } from "../../../examples/crm/app.ts";
import { LockMonitor } from "../../../examples/crm/lock-monitor.ts";
import { startPostgres, type PostgresServer } from "../../../local/postgres.ts";

let server: PostgresServer;
let monitor: LockMonitor;
const clients: Client[] = [];

async function connect(name: string): Promise<Client> {
  const connection = new Client({ connectionString: server.connectionString("postgres"), application_name: name });
  await connection.connect();
  clients.push(connection);
  return connection;
}

beforeAll(async () => {
  server = await startPostgres({ settings: { fsync: "off" } });
  await (await connect("setup")).query("CREATE TABLE t AS SELECT 1 AS id");
});

afterAll(() => server.stop());

beforeEach(async () => {
  monitor = new LockMonitor(server.connectionString("postgres"));
  await monitor.start();
});

afterEach(async () => {
  await monitor.stop();
  await Promise.all(clients.splice(0).map((client) => client.end()));
});

async function untilSampled(): Promise<void> {
  const enough = monitor.samples + 4;
  while (monitor.samples < enough) await sleep(10);
}

/** Lets `waiter` wait for a row that `holder` has changed and not committed. */
async function rowLock(holder: Client, waiter: Client): Promise<void> {
  await holder.query("BEGIN");
  await holder.query("UPDATE t SET id = 2");
  const waiting = waiter.query("UPDATE t SET id = 3");
  await untilSampled();
  await holder.query("ROLLBACK");
  await waiting;
}

describe("LockMonitor", () => {
  it("measures how long the application waited for a row that another program had locked", async () => {
    await rowLock(await connect("sluice"), await connect(APPLICATION_NAME));
    expect(monitor.longest).toMatchObject({ lockType: "transactionid", blockedBy: "UPDATE t SET id = 2" });
    expect(monitor.longest?.milliseconds).toBeGreaterThan(50);
  });

  it("sees the application queue behind DDL that itself waits for its lock", async () => {
    const [reader, ddl, application] = [
      await connect("report"),
      await connect("sluice"),
      await connect(APPLICATION_NAME),
    ];
    await reader.query("BEGIN");
    await reader.query("SELECT FROM t");
    const altering = ddl.query("ALTER TABLE t ADD COLUMN IF NOT EXISTS extra int");
    await untilSampled();
    const waiting = application.query("SELECT FROM t");
    await untilSampled();
    await reader.query("COMMIT");
    await Promise.all([altering, waiting]);
    expect(monitor.longest).toMatchObject({ lockType: "relation", mode: "AccessShareLock" });
    expect(monitor.longest?.blockedBy).toContain("ALTER TABLE");
  });

  it("leaves out what the application waits for itself, and what others wait for", async () => {
    await rowLock(await connect(APPLICATION_NAME), await connect(APPLICATION_NAME));
    await rowLock(await connect(APPLICATION_NAME), await connect("sluice"));
    expect(monitor.longest).toBeUndefined();
  });
});
