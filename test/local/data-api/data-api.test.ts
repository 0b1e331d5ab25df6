import {
  BeginTransactionCommand,
  CommitTransactionCommand,
  ExecuteStatementCommand,
  type RDSDataClient,
} from "@aws-sdk/client-rds-data";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startDataApi, type DataApiOptions, type DataApiServer } from "../../../local/data-api/data-api.ts";
import {
  freshDatabase,
  RESOURCE_ARN,
  SECRET_ARN,
  testDataApiClient,
  type FreshDatabase,
} from "../../support/postgres.ts";

let fresh: FreshDatabase;
const servers: DataApiServer[] = [];
beforeAll(async () => {
  fresh = await freshDatabase();
  await fresh.client.query("CREATE TABLE item (id int)");
});
afterEach(async () => {
  await Promise.all(servers.splice(0).map(async (server) => server.close()));
});
afterAll(async () => fresh.close());

const PLACE = { resourceArn: RESOURCE_ARN, secretArn: SECRET_ARN };

async function start(options: Partial<DataApiOptions> = {}): Promise<{ server: DataApiServer; client: RDSDataClient }> {
  const server = await startDataApi({
    clusters: [{ ...PLACE, connectionString: () => fresh.connectionString }],
    ...options,
  });
  servers.push(server);
  return { server, client: testDataApiClient(server.url) };
}

const begin = async (client: RDSDataClient): Promise<string> =>
  (await client.send(new BeginTransactionCommand(PLACE))).transactionId ?? "";

const execute = async (client: RDSDataClient, sql: string, transactionId?: string) =>
  client.send(new ExecuteStatementCommand({ ...PLACE, sql, ...(transactionId !== undefined && { transactionId }) }));

const scalar = async (sql: string): Promise<unknown> => Object.values((await fresh.client.query(sql)).rows[0])[0];
const backends = `SELECT count(*)::int FROM pg_stat_activity
  WHERE application_name = 'sluice-data-api' AND datname = current_database()`;
const idleInTransaction = `${backends} AND state LIKE 'idle in transaction%'`;

describe("a transaction", () => {
  it("is rolled back once no call has used it for its idle time", async () => {
    const { client } = await start({ transactionIdleMs: 200 });
    const transactionId = await begin(client);
    await execute(client, "INSERT INTO item VALUES (1)", transactionId);
    await expect.poll(async () => scalar(idleInTransaction), { timeout: 10_000 }).toBe(0);
    const late = client.send(new CommitTransactionCommand({ ...PLACE, transactionId }));
    await expect(late).rejects.toMatchObject({ name: "TransactionNotFoundException" });
    expect(await scalar("SELECT count(*)::int FROM item")).toBe(0);
  });

  it("is not idle while a statement of it runs", async () => {
    const { client } = await start({ transactionIdleMs: 300 });
    const transactionId = await begin(client);
    await execute(client, "SELECT pg_sleep(1)", transactionId);
    await client.send(new CommitTransactionCommand({ ...PLACE, transactionId }));
  });

  it("is rolled back at the end of its lifetime, even while it is in use", async () => {
    const { client } = await start({ transactionLifetimeMs: 300 });
    const transactionId = await begin(client);
    const call = execute(client, "SELECT pg_sleep(30)", transactionId);
    await expect(call).rejects.toMatchObject({ message: expect.stringContaining("SQLState: 57014") });
    await expect(execute(client, "SELECT 1", transactionId)).rejects.toMatchObject({
      name: "TransactionNotFoundException",
    });
  });

  it("is gone once its connection is", async () => {
    const { server, client } = await start();
    const transactionId = await begin(client);
    await server.dropConnections();
    await expect(execute(client, "SELECT 1", transactionId)).rejects.toMatchObject({
      name: expect.stringMatching(/^(TransactionNotFound|DatabaseError)Exception$/),
    });
    await expect(execute(client, "SELECT 1", transactionId)).rejects.toMatchObject({
      name: "TransactionNotFoundException",
    });
    expect((await execute(client, "SELECT 1")).records).toEqual([[{ longValue: 1 }]]);
  });

  it("belongs to its database", async () => {
    const { client } = await start();
    const transactionId = await begin(client);
    const other = new ExecuteStatementCommand({ ...PLACE, sql: "SELECT 1", transactionId, database: "other" });
    await expect(client.send(other)).rejects.toMatchObject({ name: "BadRequestException" });
  });
});

describe("the pool", () => {
  it("lets calls wait where every connection is taken", async () => {
    const { client } = await start({ maxConnections: 2 });
    const calls = Array.from({ length: 12 }, async () => execute(client, "SELECT pg_sleep(0.02)"));
    expect(await Promise.all(calls)).toHaveLength(12);
    expect(await scalar(backends)).toBeLessThanOrEqual(2);
  });

  it("uses a connection for many calls without piling up listeners", async () => {
    const warnings: Error[] = [];
    const listen = (warning: Error): number => warnings.push(warning);
    process.on("warning", listen);
    const { client } = await start({ maxConnections: 1 });
    for (let call = 0; call < 30; call += 1) await execute(client, "SELECT 1");
    process.off("warning", listen);
    expect(warnings.filter(({ name }) => name === "MaxListenersExceededWarning")).toEqual([]);
  });
});

describe("close", () => {
  it("cancels what runs, rolls open transactions back and leaves no connection", async () => {
    const { server, client } = await start();
    await execute(client, "INSERT INTO item VALUES (2)", await begin(client));
    const running = execute(client, "SELECT pg_sleep(60)").catch((error: Error) => error);
    await expect.poll(async () => scalar(`${backends} AND query LIKE 'SELECT pg_sleep(60)%'`)).toBe(1);
    await Promise.all([server.close(), server.close()]);
    expect(await running).toBeInstanceOf(Error);
    await expect.poll(async () => scalar(backends), { timeout: 10_000 }).toBe(0);
    expect(await scalar("SELECT count(*)::int FROM item")).toBe(0);
  });
});

describe("onStatement", () => {
  it("is told each statement, its time and its error", async () => {
    const events: { sql: string; error: string | undefined; milliseconds: number }[] = [];
    const { client } = await start({ onStatement: (event) => events.push(event) });
    await execute(client, "SELECT 1");
    await execute(client, "SELECT 1 / 0").catch(() => undefined);
    expect(events.map(({ sql, error }) => [sql, error])).toEqual([
      ["SELECT 1", undefined],
      ["SELECT 1 / 0", "DatabaseErrorException"],
    ]);
    expect(events.every(({ milliseconds }) => milliseconds >= 0)).toBe(true);
  });
});

describe("the protocol", () => {
  it.each([
    ["an unknown path", "/ExecuteSql", "{}", 400],
    ["a body that is not JSON", "/Execute", "{", 400],
    ["a request without its members", "/Execute", "{}", 400],
  ])("answers %s with a client error", async (_, path, body, status) => {
    const { server } = await start();
    const answer = await fetch(server.url + path, { method: "POST", body });
    expect(answer.status).toBe(status);
    expect(answer.headers.get("x-amzn-errortype")).toMatch(/Exception$/);
    expect(await answer.json()).toHaveProperty("message");
  });

  it("says that the database is unavailable where PostgreSQL does not listen", async () => {
    const connectionString = (): string => "postgresql://postgres:x@127.0.0.1:1/postgres";
    const { client } = await start({ clusters: [{ ...PLACE, connectionString }] });
    await expect(execute(client, "SELECT 1")).rejects.toMatchObject({ name: "DatabaseUnavailableException" });
  });

  it("answers an infinite timestamp with InternalFailure, as the service is reported to", async () => {
    const { client } = await start();
    await expect(execute(client, "SELECT timestamp 'infinity'")).rejects.toMatchObject({ name: "InternalFailure" });
  });

  it("sends a long with all its digits", async () => {
    const { server } = await start();
    const body = JSON.stringify({ ...PLACE, sql: "SELECT 9223372036854775807" });
    const answer = await fetch(`${server.url}/Execute`, { method: "POST", body });
    expect(await answer.text()).toContain('{"longValue":9223372036854775807}');
  });
});
