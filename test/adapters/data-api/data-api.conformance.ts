import {
  BatchExecuteStatementCommand,
  BeginTransactionCommand,
  CommitTransactionCommand,
  ExecuteStatementCommand,
  RollbackTransactionCommand,
  type ExecuteStatementCommandInput,
  type ExecuteStatementCommandOutput,
  type Field,
  type RDSDataClient,
  type SqlParameter,
} from "@aws-sdk/client-rds-data";
import { beforeAll, describe, expect, it } from "vitest";

/** A Data API and a database of it that the suite may fill. */
export interface DataApiTarget {
  readonly client: RDSDataClient;
  readonly resourceArn: string;
  readonly secretArn: string;
  readonly database: string;
  /** The same database behind a statement timeout of this many ms; on AWS it is the same client and 45 s. */
  readonly impatient: { readonly client: RDSDataClient; readonly timeoutMs: number };
}

type Place = Pick<DataApiTarget, "client" | "resourceArn" | "secretArn" | "database">;
type ExecuteInput = Partial<ExecuteStatementCommandInput>;

/** One target's operations in short. */
class Caller {
  readonly target: Place;

  constructor(target: Place) {
    this.target = target;
  }

  get place(): Omit<Place, "client"> {
    const { resourceArn, secretArn, database } = this.target;
    return { resourceArn, secretArn, database };
  }

  async execute(sql: string, input: ExecuteInput = {}): Promise<ExecuteStatementCommandOutput> {
    return this.target.client.send(new ExecuteStatementCommand({ ...this.place, sql, ...input }));
  }

  async records(sql: string, input: ExecuteInput = {}): Promise<Field[][]> {
    return (await this.execute(sql, input)).records ?? [];
  }

  /** The only value of the only row. */
  async value(sql: string, input: ExecuteInput = {}): Promise<Field | undefined> {
    return (await this.records(sql, input))[0]?.[0];
  }

  async begin(): Promise<string> {
    const { transactionId } = await this.target.client.send(new BeginTransactionCommand(this.place));
    return transactionId ?? "";
  }

  async commit(transactionId: string): Promise<string | undefined> {
    const { resourceArn, secretArn } = this.target;
    const command = new CommitTransactionCommand({ resourceArn, secretArn, transactionId });
    return (await this.target.client.send(command)).transactionStatus;
  }

  async rollback(transactionId: string): Promise<string | undefined> {
    const { resourceArn, secretArn } = this.target;
    const command = new RollbackTransactionCommand({ resourceArn, secretArn, transactionId });
    return (await this.target.client.send(command)).transactionStatus;
  }
}

const text = (name: string, value: string): SqlParameter => ({ name, value: { stringValue: value } });

/**
 * What Sluice relies on of the RDS Data API for Aurora PostgreSQL. It runs against the local server, and against AWS
 * where the environment names a cluster.
 */
export function dataApiContract(open: () => Promise<DataApiTarget>): void {
  let api: Caller;
  let impatient: Caller;
  let timeoutMs: number;
  beforeAll(async () => {
    const target = await open();
    api = new Caller(target);
    impatient = new Caller({ ...target, client: target.impatient.client });
    timeoutMs = target.impatient.timeoutMs;
    await api.execute("DROP TABLE IF EXISTS contract_item");
    await api.execute("CREATE TABLE contract_item (id bigint PRIMARY KEY, name text)");
  });

  const context: Context = { api: () => api, impatient: () => impatient, timeoutMs: () => timeoutMs };
  describe("one statement a call", () => statements(context));
  describe("parameters", () => parameters(context));
  describe("results", () => results(context));
  describe("sessions", () => sessions(context));
  describe("transactions", () => transactions(context));
  describe("limits", () => limits(context));
  describe("the timeout of a statement", () => timeouts(context));
  describe("access", () => access(context));
}

interface Context {
  readonly api: () => Caller;
  readonly impatient: () => Caller;
  readonly timeoutMs: () => number;
}

function statements({ api }: Context): void {
  it("counts the rows of INSERT, UPDATE and DELETE and returns no records", async () => {
    const insert = await api().execute("INSERT INTO contract_item VALUES (1, 'a'), (2, 'b')");
    expect([insert.numberOfRecordsUpdated, insert.records, insert.generatedFields]).toEqual([2, undefined, []]);
    expect((await api().execute("UPDATE contract_item SET name = 'c'")).numberOfRecordsUpdated).toBe(2);
    expect((await api().execute("DELETE FROM contract_item")).numberOfRecordsUpdated).toBe(2);
  });

  it("returns the rows of RETURNING", async () => {
    const rows = await api().records("INSERT INTO contract_item VALUES (3, 'x') RETURNING id, name");
    expect(rows).toEqual([[{ longValue: 3 }, { stringValue: "x" }]]);
    await api().execute("DELETE FROM contract_item");
  });

  it("refuses several statements and runs none of them", async () => {
    const both = api().execute("INSERT INTO contract_item VALUES (4, 'x'); INSERT INTO contract_item VALUES (5, 'y')");
    await expect(both).rejects.toMatchObject({
      name: "ValidationException",
      message: "Multistatements aren't supported",
    });
    expect(await api().value("SELECT count(*) FROM contract_item")).toEqual({ longValue: 0 });
  });

  it("takes a semicolon within a constant or a dollar-quoted body as text", async () => {
    await api().execute("DO $body$ BEGIN PERFORM 1; PERFORM 2; END $body$");
    expect(await api().value("SELECT 'a; b'")).toEqual({ stringValue: "a; b" });
  });

  it("reports an error with its text, position and SQLSTATE", async () => {
    await expect(api().execute("SELECT * FROM missing_table")).rejects.toMatchObject({
      name: "DatabaseErrorException",
      message: 'ERROR: relation "missing_table" does not exist; Position: 15; SQLState: 42P01',
    });
  });

  it("reports the position in the statement as it was sent, not as its parameters were rewritten", async () => {
    const call = api().execute('SELECT :long_name AS "Ü😀", missing_column', { parameters: [text("long_name", "x")] });
    await expect(call).rejects.toMatchObject({ message: expect.stringContaining("Position: 28;") });
  });

  it("builds an index concurrently outside a transaction", async () => {
    await api().execute("CREATE INDEX CONCURRENTLY contract_item_name ON contract_item (name)");
    const valid = "SELECT indisvalid FROM pg_index WHERE indexrelid = 'contract_item_name'::regclass";
    expect(await api().value(valid)).toEqual({ booleanValue: true });
  });

  it("refuses the schema parameter", async () => {
    await expect(api().execute("SELECT 1", { schema: "public" })).rejects.toMatchObject({
      name: "ValidationException",
    });
  });

  it("runs a batch once for each parameter set", async () => {
    const { client } = api().target;
    const sets = [1, 2, 3].map((id) => [{ name: "id", value: { longValue: id } }]);
    const sql = "INSERT INTO contract_item VALUES (:id, 'batch')";
    const { updateResults } = await client.send(
      new BatchExecuteStatementCommand({ ...api().place, sql, parameterSets: sets }),
    );
    expect(updateResults).toHaveLength(3);
    expect((await api().execute("DELETE FROM contract_item WHERE name = 'batch'")).numberOfRecordsUpdated).toBe(3);
  });
}

function parameters({ api }: Context): void {
  it("binds each kind of value with its type", async () => {
    const sql =
      "SELECT pg_typeof(:s)::text, pg_typeof(:l)::text, pg_typeof(:d)::text, pg_typeof(:b)::text, pg_typeof(:x)::text";
    const [row] = await api().records(sql, {
      parameters: [
        text("s", "7"),
        { name: "l", value: { longValue: 7 } },
        { name: "d", value: { doubleValue: 7.5 } },
        { name: "b", value: { booleanValue: true } },
        { name: "x", value: { blobValue: new Uint8Array([1, 255]) } },
      ],
    });
    expect(row?.map((field) => field.stringValue)).toEqual(["text", "bigint", "double precision", "boolean", "bytea"]);
  });

  it("takes an un-hinted string as text, which compares with no other type unless it is cast", async () => {
    const input = { parameters: [text("id", "7")] };
    await expect(api().execute("SELECT 1 FROM contract_item WHERE id = :id", input)).rejects.toMatchObject({
      message: expect.stringContaining("SQLState: 42883"),
    });
    expect(await api().value("SELECT CAST(:id AS bigint) + 1", input)).toEqual({ longValue: 8 });
  });

  it.each([
    ["DATE", "2024-02-29", "date"],
    ["DECIMAL", "12345678901234567890.5", "numeric"],
    ["JSON", '{"a": 1}', "json"],
    ["TIME", "10:20:30.123", "time without time zone"],
    ["TIMESTAMP", "2024-02-29 10:20:30.123", "timestamp without time zone"],
    ["UUID", "0b0f1d5e-3c0a-4a6e-9a54-08f0a39f5b7a", "uuid"],
  ] as const)("takes a string with the hint %s as that type", async (typeHint, value, type) => {
    const [row] = await api().records("SELECT pg_typeof(:v)::text, :v", {
      parameters: [{ name: "v", typeHint, value: { stringValue: value } }],
    });
    expect(row).toEqual([{ stringValue: type }, { stringValue: value }]);
  });

  it("refuses a timestamp finer than milliseconds in a hinted parameter", async () => {
    const parameter: SqlParameter = {
      name: "v",
      typeHint: "TIMESTAMP",
      value: { stringValue: "2024-02-29 10:20:30.123456" },
    };
    await expect(api().execute("SELECT :v", { parameters: [parameter] })).rejects.toMatchObject({
      name: expect.stringMatching(/^(Validation|BadRequest|DatabaseError)Exception$/),
    });
  });

  it("binds a null of any type", async () => {
    const parameters = [{ name: "v", value: { isNull: true } }];
    expect(await api().value("SELECT CAST(:v AS int)", { parameters })).toEqual({ isNull: true });
  });

  it("uses one value wherever its name stands", async () => {
    expect(await api().value("SELECT :a || :b || :a", { parameters: [text("b", "-"), text("a", "x")] })).toEqual({
      stringValue: "x-x",
    });
  });

  it("sees no parameter in constants, quoted names, comments, dollar quotes, casts and array bounds", async () => {
    const sql = `SELECT ':n' || E'\\':n' || $$:n$$ || $t$:n$t$ /* :n /* :n */ :n */ AS "a:n", 1::int, (ARRAY[1,2])[1:2] -- :n`;
    const [row] = await api().records(sql);
    expect(row?.slice(0, 2)).toEqual([{ stringValue: ":n':n:n:n" }, { longValue: 1 }]);
  });

  it("refuses a statement that names a parameter without a value", async () => {
    await expect(api().execute("SELECT :missing")).rejects.toMatchObject({
      name: expect.stringMatching(/^(BadRequest|Validation|DatabaseError)Exception$/),
    });
  });

  it("refuses an array as a parameter", async () => {
    const parameters = [{ name: "v", value: { arrayValue: { longValues: [1, 2] } } }];
    await expect(api().execute("SELECT :v", { parameters })).rejects.toMatchObject({
      name: expect.stringMatching(/^(BadRequest|Validation)Exception$/),
    });
  });
}

function results({ api }: Context): void {
  it.each<readonly [string, Field]>([
    ["NULL::int", { isNull: true }],
    ["true", { booleanValue: true }],
    ["1::smallint", { longValue: 1 }],
    ["-2147483648", { longValue: -2147483648 }],
    ["9007199254740991", { longValue: 9007199254740991 }],
    ["1.5::float8", { doubleValue: 1.5 }],
    ["'NaN'::float8", { doubleValue: Number.NaN }],
    ["12345678901234567890.123450", { stringValue: "12345678901234567890.123450" }],
    ["'ä\u0001\"\\'", { stringValue: 'ä\u0001"\\' }],
    ["'abc'::char(5)", { stringValue: "abc  " }],
    ["'{\"a\": 1}'::json", { stringValue: '{"a": 1}' }],
    ["'{\"a\":1}'::jsonb", { stringValue: '{"a": 1}' }],
    ["'\\x01ff'::bytea", { blobValue: new Uint8Array([1, 255]) }],
    ["date '2024-02-29'", { stringValue: "2024-02-29" }],
    ["time '10:20:30'", { stringValue: "10:20:30" }],
    ["timestamp '2024-02-29 10:20:30.12'", { stringValue: "2024-02-29 10:20:30.12" }],
    ["timestamptz '2024-02-29 10:20:30+02'", { stringValue: "2024-02-29 08:20:30" }],
    ["ARRAY[1,NULL,3]", { arrayValue: { longValues: [1, null, 3] as number[] } }],
    ["ARRAY[true,false]", { arrayValue: { booleanValues: [true, false] } }],
    ["ARRAY[1.5,2]::float8[]", { arrayValue: { doubleValues: [1.5, 2] } }],
    [
      `ARRAY['a','b "c", \\d',NULL,'NULL','']`,
      { arrayValue: { stringValues: ["a", 'b "c", \\d', null, "NULL", ""] as string[] } },
    ],
    ["ARRAY[]::text[]", { arrayValue: { stringValues: [] } }],
  ])("returns %s as a field of its kind", async (expression, field) => {
    expect(await api().value(`SELECT ${expression}`)).toEqual(field);
  });

  it("returns longs and decimals as the caller asks", async () => {
    const sql = "SELECT 9223372036854775807, 12345678901234567890, 1.5";
    const strings = await api().records(sql, { resultSetOptions: { longReturnType: "STRING" } });
    expect(strings[0]?.map((field) => field.stringValue)).toEqual([
      "9223372036854775807",
      "12345678901234567890",
      "1.5",
    ]);
    const numbers = await api().records("SELECT 1.5", { resultSetOptions: { decimalReturnType: "DOUBLE_OR_LONG" } });
    expect(numbers[0]).toEqual([{ doubleValue: 1.5 }]);
  });

  it("describes the columns where metadata is asked for", async () => {
    const { columnMetadata } = await api().execute("SELECT 1 AS a, 'x'::text AS \"B b\", 2::bigint, ARRAY['x']", {
      includeResultMetadata: true,
    });
    const described = columnMetadata?.map(({ label, typeName }) => [label, typeName]);
    expect(described).toEqual([
      ["a", "int4"],
      ["B b", "text"],
      ["int8", "int8"],
      ["array", "_text"],
    ]);
    expect((await api().execute("SELECT 1 AS a")).columnMetadata).toBeUndefined();
  });

  it("describes a result without rows", async () => {
    const { records, columnMetadata } = await api().execute("SELECT 1 AS a WHERE false", {
      includeResultMetadata: true,
    });
    expect(records).toEqual([]);
    expect(columnMetadata).toHaveLength(1);
  });

  it("formats the records as JSON", async () => {
    const sql = "SELECT 1 AS a, NULL AS b, 'x' AS c, true AS d, 1.5::float8 AS e, 9223372036854775807 AS f";
    const { formattedRecords, records } = await api().execute(sql, { formatRecordsAs: "JSON" });
    expect(formattedRecords).toBe('[{"a":1,"b":null,"c":"x","d":true,"e":1.5,"f":9223372036854775807}]');
    expect(records).toBeUndefined();
  });

  it.each([
    ["a multidimensional array", "ARRAY[[1,2],[3,4]]"],
    ["money", "1::money"],
    ["an interval", "interval '1 hour'"],
    ["a point", "point '(1,2)'"],
    ["a composite value", "ROW(1, 2)"],
  ])("refuses %s, and returns it cast to text", async (_, expression) => {
    await expect(api().value(`SELECT ${expression}`)).rejects.toMatchObject({ name: "UnsupportedResultException" });
    expect(await api().value(`SELECT CAST(${expression} AS text)`)).toHaveProperty("stringValue");
  });

  it("returns an enum as its label", async () => {
    await api().execute("DROP TYPE IF EXISTS contract_stage");
    await api().execute("CREATE TYPE contract_stage AS ENUM ('new', 'won')");
    expect(await api().value("SELECT 'won'::contract_stage")).toEqual({ stringValue: "won" });
    await api().execute("DROP TYPE contract_stage");
  });
}

function sessions({ api }: Context): void {
  const many = Array.from({ length: 8 });

  it("forgets a setting outside a transaction", async () => {
    await api().execute("SET lock_timeout = '1234ms'");
    const values = await Promise.all(many.map(async () => api().value("SHOW lock_timeout")));
    expect(values).not.toContainEqual({ stringValue: "1234ms" });
  });

  it("releases a session's advisory lock after the call", async () => {
    await api().execute("SELECT pg_advisory_lock(4711)");
    const held = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 4711";
    await expect.poll(async () => api().value(held), { timeout: 10_000 }).toEqual({ longValue: 0 });
  });

  it("does not leave a transaction open that a statement began", async () => {
    await api().execute("BEGIN");
    const open = `SELECT count(*) FROM pg_stat_activity
      WHERE datname = current_database() AND state LIKE 'idle in transaction%'`;
    await expect.poll(async () => api().value(open), { timeout: 10_000 }).toEqual({ longValue: 0 });
  });

  it("works in UTC", async () => {
    expect(await api().value("SHOW timezone")).toEqual({ stringValue: "UTC" });
  });
}

function transactions({ api }: Context): void {
  const count = async (): Promise<Field | undefined> => api().value("SELECT count(*) FROM contract_item");

  it("shows its changes to others after the commit and not before", async () => {
    const transactionId = await api().begin();
    await api().execute("INSERT INTO contract_item VALUES (10, 'x')", { transactionId });
    expect(await count()).toEqual({ longValue: 0 });
    expect(await api().commit(transactionId)).toBe("Transaction Committed");
    expect(await count()).toEqual({ longValue: 1 });
    await api().execute("DELETE FROM contract_item");
  });

  it("undoes DDL and data on rollback", async () => {
    const transactionId = await api().begin();
    await api().execute("INSERT INTO contract_item VALUES (11, 'x')", { transactionId });
    await api().execute("ALTER TABLE contract_item ADD COLUMN extra int", { transactionId });
    expect(await api().rollback(transactionId)).toBe("Rollback Complete");
    expect(await count()).toEqual({ longValue: 0 });
    await expect(api().execute("SELECT extra FROM contract_item")).rejects.toMatchObject({
      message: expect.stringContaining("SQLState: 42703"),
    });
  });

  it("keeps a setting for the transaction", async () => {
    const transactionId = await api().begin();
    await api().execute("SET LOCAL lock_timeout = '1234ms'", { transactionId });
    expect(await api().value("SHOW lock_timeout", { transactionId })).toEqual({ stringValue: "1234ms" });
    await api().rollback(transactionId);
  });

  it("refuses a call while a statement of the same transaction runs", async () => {
    const transactionId = await api().begin();
    const calls = [1, 2].map(async () => api().execute("SELECT pg_sleep(1)", { transactionId }));
    const outcomes = await Promise.allSettled(calls);
    const refusals = outcomes
      .filter((outcome) => outcome.status === "rejected")
      .map((outcome) => outcome.reason as Error);
    expect(refusals).toEqual([
      expect.objectContaining({ name: "DatabaseErrorException", message: "Transaction is still running a query" }),
    ]);
    expect(await api().rollback(transactionId)).toBe("Rollback Complete");
  });

  it("refuses statements after one that failed, and commits nothing of it", async () => {
    const transactionId = await api().begin();
    await api().execute("INSERT INTO contract_item VALUES (12, 'x')", { transactionId });
    await expect(api().execute("SELECT 1 / 0", { transactionId })).rejects.toMatchObject({
      message: expect.stringContaining("SQLState: 22012"),
    });
    await expect(api().execute("SELECT 1", { transactionId })).rejects.toMatchObject({
      message: expect.stringContaining("SQLState: 25P02"),
    });
    await api()
      .commit(transactionId)
      .catch(() => undefined);
    expect(await count()).toEqual({ longValue: 0 });
  });

  it("reports a constraint that fails at the commit", async () => {
    await api().execute("DROP TABLE IF EXISTS contract_deferred");
    await api().execute("CREATE TABLE contract_deferred (id int UNIQUE DEFERRABLE INITIALLY DEFERRED)");
    const transactionId = await api().begin();
    await api().execute("INSERT INTO contract_deferred VALUES (1), (1)", { transactionId });
    await expect(api().commit(transactionId)).rejects.toMatchObject({
      name: "DatabaseErrorException",
      message: expect.stringContaining("SQLState: 23505"),
    });
    await api().execute("DROP TABLE contract_deferred");
  });

  it("does not know a transaction that has ended", async () => {
    const transactionId = await api().begin();
    await api().rollback(transactionId);
    const gone = { name: "TransactionNotFoundException" };
    await expect(api().execute("SELECT 1", { transactionId })).rejects.toMatchObject(gone);
    await expect(api().commit(transactionId)).rejects.toMatchObject(gone);
    await expect(api().rollback(transactionId)).rejects.toMatchObject(gone);
  });
}

function limits({ api }: Context): void {
  it("refuses a result beyond 1 MiB, although the statement took effect", async () => {
    const sql = "INSERT INTO contract_item SELECT i, repeat('x', 60000) FROM generate_series(1, 20) i RETURNING name";
    await expect(api().execute(sql)).rejects.toMatchObject({
      message: expect.stringContaining("Database returned more than the allowed response size limit"),
    });
    expect((await api().execute("DELETE FROM contract_item")).numberOfRecordsUpdated).toBe(20);
  });

  it("refuses a row beyond 64 KB", async () => {
    await expect(api().execute("SELECT repeat('x', 70000)")).rejects.toMatchObject({
      name: "UnsupportedResultException",
    });
    expect(await api().value("SELECT repeat('x', 60000)")).toHaveProperty("stringValue");
  });

  it("takes 65,536 characters of SQL and no more", async () => {
    const padded = (length: number): string => "SELECT 1 --".padEnd(length, "x");
    expect(await api().value(padded(65_536))).toEqual({ longValue: 1 });
    await expect(api().execute(padded(65_537))).rejects.toMatchObject({ name: "ValidationException" });
  });

  it("refuses a request beyond 4 MiB", async () => {
    const large = { parameters: [text("v", "x".repeat(4 * 1024 * 1024))] };
    await expect(api().execute("SELECT length(:v)", large)).rejects.toMatchObject({ $fault: "client" });
    const fits = { parameters: [text("v", "x".repeat(4_000_000))] };
    expect(await api().value("SELECT length(:v)", fits)).toEqual({ longValue: 4_000_000 });
  });
}

function timeouts({ api, impatient, timeoutMs }: Context): void {
  /** A statement that outlasts the timeout and then leaves a trace. */
  const slowInsert = (id: number): string =>
    `INSERT INTO contract_item SELECT ${String(id)}, 'slow' FROM pg_sleep(${String((timeoutMs() * 1.5) / 1000)})`;
  const rows = (id: number): string => `SELECT count(*) FROM contract_item WHERE id = ${String(id)}`;
  const running = `SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'INSERT INTO contract_item SELECT%' AND state = 'active'`;

  it("cancels the statement and names the connection", async () => {
    await expect(impatient().execute(slowInsert(20))).rejects.toMatchObject({
      name: "StatementTimeoutException",
      dbConnectionId: expect.any(Number),
    });
    await expect.poll(async () => api().value(running), { timeout: 10_000 }).toEqual({ longValue: 0 });
    expect(await api().value(rows(20))).toEqual({ longValue: 0 });
  }, 150_000);

  it("lets the statement run on where the caller asks for it", async () => {
    const call = impatient().execute(slowInsert(21), { continueAfterTimeout: true });
    await expect(call).rejects.toMatchObject({ name: "StatementTimeoutException" });
    await expect.poll(async () => api().value(rows(21)), { timeout: 60_000 }).toEqual({ longValue: 1 });
    await api().execute("DELETE FROM contract_item");
  }, 150_000);

  it("leaves a transaction that can be rolled back", async () => {
    const transactionId = await impatient().begin();
    const call = impatient().execute(slowInsert(22), { transactionId });
    await expect(call).rejects.toMatchObject({ name: "StatementTimeoutException" });
    await impatient().rollback(transactionId);
    expect(await api().value(rows(22))).toEqual({ longValue: 0 });
  }, 150_000);
}

function access({ api }: Context): void {
  it("refuses a cluster that it does not know", async () => {
    const resourceArn = "arn:aws:rds:eu-central-1:000000000000:cluster:no-such-cluster";
    await expect(api().execute("SELECT 1", { resourceArn })).rejects.toMatchObject({
      name: expect.stringMatching(/^(BadRequest|AccessDenied|DatabaseNotFound|Forbidden)Exception$/),
    });
  });

  it("refuses a secret that it does not know", async () => {
    const secretArn = "arn:aws:secretsmanager:eu-central-1:000000000000:secret:no-such-secret";
    await expect(api().execute("SELECT 1", { secretArn })).rejects.toMatchObject({
      name: expect.stringMatching(/^(BadRequest|AccessDenied|SecretsError|InvalidSecret)Exception$/),
    });
  });

  it("refuses a database that is not there", async () => {
    await expect(api().execute("SELECT 1", { database: "no_such_database" })).rejects.toMatchObject({
      $fault: "client",
    });
  });
}
