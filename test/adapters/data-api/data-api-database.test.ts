import { createServer } from "node:net";
import { once } from "node:events";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { dataApiClient } from "../../../adapters/data-api/data-api-client.ts";
import { DataApiDatabase } from "../../../adapters/data-api/data-api-database.ts";
import { DatabaseError, DatabaseUnavailable, StatementTimeout } from "../../../core/errors.ts";
import { raw, sql } from "../../../core/sql/statement.ts";
import { startDataApi } from "../../../local/data-api/data-api.ts";
import {
  freshDatabase,
  RESOURCE_ARN,
  SECRET_ARN,
  testDataApiClient,
  type FreshDatabase,
} from "../../support/postgres.ts";
import { startProxy, type Interference } from "../../support/proxy.ts";

let fresh: FreshDatabase;
let database: DataApiDatabase;
beforeAll(async () => {
  fresh = await freshDatabase();
  database = fresh.database;
  await fresh.client.query("CREATE TABLE item (id bigint PRIMARY KEY, name text CHECK (name <> 'bad'))");
});
afterAll(async () => fresh.close());
beforeEach(async () => {
  await fresh.client.query("TRUNCATE item");
});

const count = async (): Promise<number> =>
  Number((await fresh.client.query("SELECT count(*) FROM item")).rows[0].count);

/** The adapter in front of another Data API. */
const databaseAt = (url: string): DataApiDatabase =>
  new DataApiDatabase({
    client: testDataApiClient(url),
    resourceArn: RESOURCE_ARN,
    secretArn: SECRET_ARN,
    database: fresh.name,
  });

/** Runs `work` on a network that interferes with calls of some paths. */
async function onNetwork(
  interference: Readonly<Record<string, Interference>>,
  work: (database: DataApiDatabase) => Promise<void>,
): Promise<void> {
  const proxy = await startProxy(fresh.dataApi.url, (path) => interference[path] ?? "pass");
  try {
    await work(databaseAt(proxy.url));
  } finally {
    await proxy.close();
  }
}

const failure = async (promise: Promise<unknown>): Promise<Error> =>
  promise.then(
    () => expect.fail("the call should have failed"),
    (error: Error) => error,
  );

describe("execute", () => {
  it("returns each type as the port says, losing no digit", async () => {
    const rows = await database.execute(sql`
      SELECT 9223372036854775807 AS "bigint", 1 AS "integer", 2::smallint AS "smallint", 0.1::float8 AS "double",
             12345678901234567890.10 AS "numeric", true AS "boolean", 'x' AS "text", '{"a": 1}'::json AS "json",
             '\\x01ff'::bytea AS "bytea", NULL::int AS "null", timestamptz '2024-02-29 10:20:30Z' AS "timestamptz"`);
    expect(rows).toEqual([
      {
        bigint: "9223372036854775807",
        integer: 1,
        smallint: 2,
        double: 0.1,
        numeric: "12345678901234567890.10",
        boolean: true,
        text: "x",
        json: '{"a": 1}',
        bytea: "\\x01ff",
        null: null,
        timestamptz: "2024-02-29 10:20:30",
      },
    ]);
  });

  it("sends each kind of parameter without losing anything of it", async () => {
    const rows = await database.execute(sql`
      SELECT CAST(${9223372036854775807n} AS bigint) AS a, ${42} + 0 AS b, ${0.1} + 0.0::float8 AS c, ${true} AS d,
             ${"it's ä :x"} AS e, CAST(${null} AS text) AS f, pg_typeof(${1})::text AS g`);
    expect(rows).toEqual([
      { a: "9223372036854775807", b: "42", c: 0.1, d: true, e: "it's ä :x", f: null, g: "bigint" },
    ]);
  });

  it("returns no rows for DDL", async () => {
    expect(await database.execute(sql`CREATE TABLE other (id int)`)).toEqual([]);
  });

  it("reports the SQLSTATE and the statement", async () => {
    const error = await failure(database.execute(sql`SELECT * FROM missing`));
    expect(error).toBeInstanceOf(DatabaseError);
    expect(error).toMatchObject({ sqlState: "42P01" });
    expect(error.message).toContain('"SELECT * FROM missing"');
    expect(error.message).toContain('relation "missing" does not exist');
  });

  it.each([
    ["a unique violation", sql`INSERT INTO item VALUES (1, ${"s3cret"}), (1, 'y')`, "23505"],
    ["a check violation", sql`INSERT INTO item SELECT 1, 'bad' WHERE ${"s3cret"} <> ''`, "23514"],
    ["a malformed number", sql`SELECT CAST(${"s3cret"} AS int)`, "22P02"],
  ])("keeps values out of the message of %s", async (_, statement, sqlState) => {
    const error = await failure(database.execute(statement));
    expect(error).toMatchObject({ name: "DatabaseError", sqlState });
    const everything = `${error.message} ${JSON.stringify(error)} ${String(error.cause)}`;
    expect(everything).not.toContain("s3cret");
    expect(everything).not.toContain("Failing row");
    expect(everything).not.toContain("(id)=(1)");
  });

  it("reports a lock timeout by its SQLSTATE", async () => {
    const holder = await fresh.connect();
    await holder.query("BEGIN");
    await holder.query("LOCK TABLE item");
    const blocked = database.transaction(async (session) => {
      await session.execute(sql`SET LOCAL lock_timeout = '50ms'`);
      await session.execute(sql`ALTER TABLE item ADD COLUMN extra int`);
    });
    await expect(blocked).rejects.toMatchObject({ name: "DatabaseError", sqlState: "55P03" });
    await holder.query("ROLLBACK");
  });

  it("refuses an array, which no row can hold", async () => {
    await expect(database.execute(sql`SELECT ARRAY[1, 2] AS list`)).rejects.toMatchObject({
      name: "DatabaseError",
      sqlState: "0A000",
      message: expect.stringContaining('"list"'),
    });
  });

  it("says that the database is unavailable where its connection is ended", async () => {
    const call = failure(database.execute(sql`SELECT pg_sleep(30)`));
    const active = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(30)%' AND state = 'active'";
    await expect.poll(async () => (await fresh.client.query(active)).rows[0].count, { timeout: 20_000 }).toBe("1");
    await fresh.dataApi.dropConnections();
    expect(await call).toBeInstanceOf(DatabaseUnavailable);
    expect(await database.execute(sql`SELECT 1 AS a`)).toEqual([{ a: 1 }]);
  });

  it("says that the database is unavailable where nothing listens", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as { port: number };
    server.close();
    await once(server, "close");
    const error = await failure(databaseAt(`http://127.0.0.1:${String(port)}`).execute(sql`SELECT 1`));
    expect(error).toBeInstanceOf(DatabaseUnavailable);
    expect(error).toMatchObject({ retry: "transient" });
  });

  it("sends a write once, even where its answer is lost", async () => {
    let calls = 0;
    const proxy = await startProxy(fresh.dataApi.url, () => ((calls += 1), "lose the answer"));
    const call = databaseAt(proxy.url).execute(sql`INSERT INTO item VALUES (1, 'x')`);
    await expect(call).rejects.toBeInstanceOf(DatabaseUnavailable);
    expect(calls).toBe(1);
    expect(await count()).toBe(1);
    await proxy.close();
  });
});

describe("the statement timeout", () => {
  const TIMEOUT_MS = 300;
  const onShortTimeout = async (work: (database: DataApiDatabase) => Promise<void>): Promise<void> => {
    const server = await startDataApi({
      clusters: [{ resourceArn: RESOURCE_ARN, secretArn: SECRET_ARN, connectionString: () => fresh.connectionString }],
      statementTimeoutMs: TIMEOUT_MS,
    });
    await work(databaseAt(server.url)).finally(async () => server.close());
  };

  it("surfaces as StatementTimeout", async () => {
    await onShortTimeout(async (short) => {
      await expect(short.execute(sql`SELECT pg_sleep(20)`)).rejects.toBeInstanceOf(StatementTimeout);
    });
  });

  it("lets a long statement run on and says that it has not finished", async () => {
    await onShortTimeout(async (short) => {
      expect(await short.executeLong(sql`INSERT INTO item SELECT 7, 'x' FROM pg_sleep(1)`)).toEqual({
        finished: false,
      });
      await expect.poll(count, { timeout: 20_000 }).toBe(1);
    });
  });

  it("says that a long statement has finished where it has", async () => {
    expect(await database.executeLong(sql`CREATE INDEX CONCURRENTLY item_name ON item (name)`)).toEqual({
      finished: true,
    });
    await expect(database.executeLong(sql`CREATE INDEX CONCURRENTLY item_name ON item (name)`)).rejects.toMatchObject({
      sqlState: "42P07",
    });
  });
});

describe("transaction", () => {
  const insert = (id: number) => sql`INSERT INTO item VALUES (CAST(${id} AS bigint), 'x')`;

  it("commits what its work did and returns its value", async () => {
    const value = await database.transaction(async (session) => {
      await session.execute(insert(1));
      await session.execute(insert(2));
      return "done";
    });
    expect([value, await count()]).toEqual(["done", 2]);
  });

  it("rolls back and passes the error on where its work throws", async () => {
    const work = database.transaction(async (session) => {
      await session.execute(insert(1));
      throw new RangeError("mine");
    });
    await expect(work).rejects.toThrow(new RangeError("mine"));
    expect(await count()).toBe(0);
  });

  it("does not commit after a statement failed, even where its work swallows the error", async () => {
    const work = database.transaction(async (session) => {
      await session.execute(insert(1));
      await session.execute(sql`SELECT 1 / 0`).catch(() => undefined);
      await session.execute(insert(2)).catch(() => undefined);
    });
    await expect(work).rejects.toMatchObject({ name: "DatabaseError", sqlState: "22012" });
    expect(await count()).toBe(0);
  });

  it("surfaces a commit whose answer is lost as DatabaseUnavailable, although it took effect", async () => {
    await onNetwork({ "/CommitTransaction": "lose the answer" }, async (shaky) => {
      const work = shaky.transaction(async (session) => session.execute(insert(1)));
      await expect(work).rejects.toBeInstanceOf(DatabaseUnavailable);
    });
    expect(await count()).toBe(1);
  });

  it("does not hide the first error behind a rollback that fails", async () => {
    await onNetwork({ "/RollbackTransaction": "lose the request" }, async (shaky) => {
      const work = shaky.transaction(async (session) => session.execute(sql`SELECT 1 / 0`));
      await expect(work).rejects.toMatchObject({ name: "DatabaseError", sqlState: "22012" });
    });
  });

  it("says that the database is unavailable where a failover ended the transaction", async () => {
    const work = database.transaction(async (session) => {
      await session.execute(insert(1));
      await fresh.dataApi.dropConnections();
      await session.execute(insert(2));
    });
    await expect(work).rejects.toBeInstanceOf(DatabaseUnavailable);
    expect(await count()).toBe(0);
  });

  it("reports a constraint that fails at the commit", async () => {
    await fresh.client.query("CREATE TABLE deferred (id int UNIQUE DEFERRABLE INITIALLY DEFERRED)");
    const work = database.transaction(async (session) => session.execute(sql`INSERT INTO deferred VALUES (1), (1)`));
    await expect(work).rejects.toMatchObject({ name: "DatabaseError", sqlState: "23505" });
  });

  it("runs two transactions side by side", async () => {
    const ids = [1, 2, 3, 4];
    await Promise.all(ids.map(async (id) => database.transaction(async (session) => session.execute(insert(id)))));
    expect(await count()).toBe(4);
  });
});

describe("messages", () => {
  it("quote the beginning of a long statement on one line", async () => {
    const text = `SELECT\n  ${"missing_column, ".repeat(40)} 1`;
    const error = await failure(database.execute(sql`${raw(text)}`));
    expect(error.message).toContain('"SELECT missing_column, missing_column');
    expect(error.message).not.toContain("\n");
    expect(error.message.length).toBeLessThan(400);
  });

  it("hold no secret's name where access is refused", async () => {
    const stranger = new DataApiDatabase({
      client: dataApiClient({
        endpoint: fresh.dataApi.url,
        region: "eu-central-1",
        credentials: { accessKeyId: "test", secretAccessKey: "test" },
      }),
      resourceArn: RESOURCE_ARN,
      secretArn: "arn:other",
      database: fresh.name,
    });
    await expect(stranger.execute(sql`SELECT 1`)).rejects.toMatchObject({ name: "DatabaseError", sqlState: "28000" });
  });
});
