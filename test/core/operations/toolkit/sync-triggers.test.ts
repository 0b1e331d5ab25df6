import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type pg from "pg";
import { freshDatabase, type FreshDatabase } from "../../../support/postgres.ts";
import { expand } from "../expanded-table.ts";

type Value = string | null;

/** One statement on one row, and the two sides that it must leave. */
interface Case {
  readonly title: string;
  /** `$id` is the row's key. */
  readonly sql: string;
  /** What both sides hold afterwards. */
  readonly both: Value;
}

describe("the sync triggers of a column without a default", () => {
  let fresh: FreshDatabase;
  const key = { next: 0 };

  beforeAll(async () => {
    fresh = await freshDatabase();
    await fresh.client.query(`CREATE TABLE plain (id int PRIMARY KEY, old text, note text)`);
    await fresh.client.query(`INSERT INTO plain SELECT i, 'history' FROM generate_series(1, 200) AS i`);
    await expand(fresh, { table: "public.plain", from: "old", to: "new" });
    await fresh.client.query(`UPDATE plain SET new = old WHERE id <= 100`);
  });

  afterAll(() => fresh.close());

  /** Runs the statement on a row nobody has used, and reads both sides. */
  async function sides(sql: string, first: number, client: pg.Client = fresh.client): Promise<[Value, Value]> {
    key.next += 1;
    const id = first + key.next;
    await client.query(sql.replaceAll("$id", String(id)));
    return read(fresh, "plain", id);
  }

  it.each<Case>([
    { title: "names the old column only", sql: "INSERT INTO plain (id, old) VALUES ($id, 'web')", both: "web" },
    { title: "names the new column only", sql: "INSERT INTO plain (id, new) VALUES ($id, 'web')", both: "web" },
    { title: "names both, equal", sql: "INSERT INTO plain (id, old, new) VALUES ($id, 'web', 'web')", both: "web" },
    {
      title: "names both, different: the new one counts",
      sql: "INSERT INTO plain (id, old, new) VALUES ($id, 'web', 'fair')",
      both: "fair",
    },
    { title: "names neither", sql: "INSERT INTO plain (id) VALUES ($id)", both: null },
    { title: "says NULL for the old column", sql: "INSERT INTO plain (id, old) VALUES ($id, NULL)", both: null },
    { title: "says NULL for the new column", sql: "INSERT INTO plain (id, new) VALUES ($id, NULL)", both: null },
    {
      title: "says NULL for the new column and a value for the old",
      sql: "INSERT INTO plain (id, old, new) VALUES ($id, 'web', NULL)",
      both: "web",
    },
    {
      title: "says NULL for the old column and a value for the new",
      sql: "INSERT INTO plain (id, old, new) VALUES ($id, NULL, 'web')",
      both: "web",
    },
    { title: "gives an empty text, which is no NULL", sql: "INSERT INTO plain (id, old) VALUES ($id, '')", both: "" },
    { title: "takes its values from a query", sql: "INSERT INTO plain (id, old) SELECT $id, 'q'", both: "q" },
    {
      title: "comes from COPY with the old column",
      sql: `COPY plain (id, old) FROM PROGRAM 'printf "$id\\tcopied\\n"'`,
      both: "copied",
    },
    {
      title: "comes from COPY with the new column",
      sql: `COPY plain (id, new) FROM PROGRAM 'printf "$id\\tcopied\\n"'`,
      both: "copied",
    },
    {
      title: "comes from MERGE",
      sql: "MERGE INTO plain t USING (VALUES ($id)) AS s (id) ON t.id = s.id WHEN NOT MATCHED THEN INSERT (id, new) VALUES (s.id, 'merged')",
      both: "merged",
    },
  ])("an insert that $title leaves both sides equal", async ({ sql, both }) => {
    expect(await sides(sql, 1_000)).toEqual([both, both]);
  });

  const updates: readonly Case[] = [
    { title: "of the old column", sql: "UPDATE plain SET old = 'web' WHERE id = $id", both: "web" },
    { title: "of the new column", sql: "UPDATE plain SET new = 'web' WHERE id = $id", both: "web" },
    { title: "of both, equal", sql: "UPDATE plain SET old = 'web', new = 'web' WHERE id = $id", both: "web" },
    {
      title: "of both, different: the new one counts",
      sql: "UPDATE plain SET old = 'web', new = 'fair' WHERE id = $id",
      both: "fair",
    },
    { title: "of an unrelated column", sql: "UPDATE plain SET note = 'x' WHERE id = $id", both: "history" },
    { title: "that writes the old value again", sql: "UPDATE plain SET old = old WHERE id = $id", both: "history" },
    {
      title: "that writes the old value into the new column, as the backfill does",
      sql: "UPDATE plain SET new = old WHERE id = $id",
      both: "history",
    },
    { title: "that clears the old column", sql: "UPDATE plain SET old = NULL WHERE id = $id", both: null },
    { title: "that clears both", sql: "UPDATE plain SET old = NULL, new = NULL WHERE id = $id", both: null },
    {
      title: "by ON CONFLICT of the old column",
      sql: "INSERT INTO plain (id, old) VALUES ($id, 'web') ON CONFLICT (id) DO UPDATE SET old = excluded.old",
      both: "web",
    },
    {
      title: "by ON CONFLICT of the new column",
      sql: "INSERT INTO plain (id, new) VALUES ($id, 'web') ON CONFLICT (id) DO UPDATE SET new = excluded.new",
      both: "web",
    },
    {
      title: "by ON CONFLICT of an unrelated column, whatever was to be inserted",
      sql: "INSERT INTO plain (id, old) VALUES ($id, 'web') ON CONFLICT (id) DO UPDATE SET note = 'x'",
      both: "history",
    },
    {
      title: "by MERGE of the old column",
      sql: "MERGE INTO plain t USING (VALUES ($id)) AS s (id) ON t.id = s.id WHEN MATCHED THEN UPDATE SET old = 'merged'",
      both: "merged",
    },
    {
      title: "by MERGE of the new column",
      sql: "MERGE INTO plain t USING (VALUES ($id)) AS s (id) ON t.id = s.id WHEN MATCHED THEN UPDATE SET new = 'merged'",
      both: "merged",
    },
  ];

  it.each(updates)("an update $title leaves a synced row's sides equal", async ({ sql, both }) => {
    expect(await sides(sql, 0)).toEqual([both, both]);
  });

  it.each(updates)("an update $title syncs a row that the backfill has not reached", async ({ sql, both }) => {
    const id = 100 + key.next;
    expect(await read(fresh, "plain", id + 1)).toEqual(["history", null]);
    expect(await sides(sql, 100)).toEqual([both, both]);
  });

  it("clearing through the new column empties both sides of a synced row", async () => {
    expect(await sides("UPDATE plain SET new = NULL WHERE id = $id", 0)).toEqual([null, null]);
  });

  it("clearing through the new column never empties a row that the backfill has not reached", async () => {
    expect(await sides("UPDATE plain SET new = NULL WHERE id = $id", 100)).toEqual(["history", "history"]);
  });

  it("a write of many rows syncs each by itself, synced or not", async () => {
    await fresh.client.query(`UPDATE plain SET note = 'all' WHERE id <= 200`);
    const { rows } = await fresh.client.query(`SELECT count(*)::int AS n FROM plain WHERE old IS DISTINCT FROM new`);
    expect(rows).toEqual([{ n: 0 }]);
  });

  it("writes in replica mode, as those of logical replication, are synced", async () => {
    const replica = await fresh.connect();
    await replica.query("SET session_replication_role = replica");
    expect(await sides("INSERT INTO plain (id, old) VALUES ($id, 'applied')", 1_000, replica)).toEqual([
      "applied",
      "applied",
    ]);
    expect(await sides("UPDATE plain SET old = 'applied' WHERE id = $id", 0, replica)).toEqual(["applied", "applied"]);
    expect(await sides("UPDATE plain SET new = 'applied' WHERE id = $id", 0, replica)).toEqual(["applied", "applied"]);
  });

  it("a session whose search_path brings its own operators is synced", async () => {
    await fresh.client.query(`CREATE SCHEMA hostile;
      CREATE FUNCTION hostile.yes(text, text) RETURNS boolean LANGUAGE sql AS 'SELECT true';
      CREATE OPERATOR hostile.= (LEFTARG = text, RIGHTARG = text, FUNCTION = hostile.yes);
      CREATE TYPE hostile.text AS (x int)`);
    const session = await fresh.connect();
    await session.query("SET search_path = hostile, pg_catalog");
    const equal = await session.query(`SELECT 'a'::pg_catalog.text = 'b'::pg_catalog.text AS "fooled"`);
    expect(equal.rows).toEqual([{ fooled: true }]);
    expect(await sides("INSERT INTO public.plain (id, old) VALUES ($id, 'web')", 1_000, session)).toEqual([
      "web",
      "web",
    ]);
    expect(await sides("UPDATE public.plain SET old = 'web' WHERE id OPERATOR(pg_catalog.=) $id", 0, session)).toEqual([
      "web",
      "web",
    ]);
    expect(await sides("UPDATE public.plain SET new = 'web' WHERE id OPERATOR(pg_catalog.=) $id", 0, session)).toEqual([
      "web",
      "web",
    ]);
  });

  it("a role that may only write the table is synced, though it may not call the functions itself", async () => {
    await fresh.client.query(
      `CREATE ROLE writer_of_${fresh.name}; GRANT SELECT, INSERT, UPDATE ON plain TO writer_of_${fresh.name}`,
    );
    const writer = await fresh.connect();
    try {
      await writer.query(`SET ROLE writer_of_${fresh.name}`);
      expect(await sides("INSERT INTO plain (id, old) VALUES ($id, 'web')", 1_000, writer)).toEqual(["web", "web"]);
      expect(await sides("UPDATE plain SET new = 'web' WHERE id = $id", 0, writer)).toEqual(["web", "web"]);
    } finally {
      await writer.query("RESET ROLE");
      await writer.query(`DROP OWNED BY writer_of_${fresh.name}; DROP ROLE writer_of_${fresh.name}`);
    }
  });

  it("rows in agreement never enter PL/pgSQL, so that the backfill does not pay for the triggers", async () => {
    const { client } = fresh;
    await client.query(`CREATE TABLE counted (id int, old text, note text)`);
    await client.query(
      `INSERT INTO counted SELECT i, CASE WHEN i % 3 > 0 THEN 'history' END FROM generate_series(1, 60) AS i`,
    );
    await expand(fresh, { table: "public.counted", from: "old", to: "new" });
    const session = await fresh.connect();
    await session.query("SET track_functions = 'pl'");
    const backfilled = await session.query("UPDATE counted SET new = old WHERE new IS DISTINCT FROM old");
    expect(backfilled.rowCount).toBe(40);
    await session.query("UPDATE counted SET note = 'x'");
    await session.query("INSERT INTO counted (id, old, new) VALUES (61, 'same', 'same'), (62, NULL, NULL)");
    expect(await calls(session, "counted")).toBe(0);
    await session.query("UPDATE counted SET old = 'web' WHERE id <= 5");
    await session.query("INSERT INTO counted (id, new) VALUES (63, 'fair')");
    expect(await calls(session, "counted")).toBe(6);
  });
});

describe("the sync triggers of a column with a default", () => {
  let fresh: FreshDatabase;
  let id = 0;

  beforeAll(async () => {
    fresh = await freshDatabase();
    await fresh.client.query(`CREATE TABLE defaulted (id int PRIMARY KEY, old varchar(20) DEFAULT 'none', note text)`);
    await expand(fresh, { table: "public.defaulted", from: "old", to: "new" });
  });

  afterAll(() => fresh.close());

  it.each<Case>([
    { title: "names the old column only", sql: "(id, old) VALUES ($id, 'web')", both: "web" },
    { title: "names the new column only", sql: "(id, new) VALUES ($id, 'web')", both: "web" },
    { title: "names neither", sql: "(id) VALUES ($id)", both: "none" },
    { title: "names both, equal", sql: "(id, old, new) VALUES ($id, 'web', 'web')", both: "web" },
    {
      title: "names both, different: the new one counts",
      sql: "(id, old, new) VALUES ($id, 'web', 'fair')",
      both: "fair",
    },
    { title: "says NULL for the old column", sql: "(id, old) VALUES ($id, NULL)", both: null },
    {
      title: "says NULL for the new column, which has no default and so is not given: the old one's default counts",
      sql: "(id, new) VALUES ($id, NULL)",
      both: "none",
    },
    { title: "says NULL for both", sql: "(id, old, new) VALUES ($id, NULL, NULL)", both: null },
    { title: "gives the old column the default's value", sql: "(id, old) VALUES ($id, 'none')", both: "none" },
    { title: "gives the new column the default's value", sql: "(id, new) VALUES ($id, 'none')", both: "none" },
    {
      title: "gives the old column a value and the new one DEFAULT",
      sql: "(id, old, new) VALUES ($id, 'web', DEFAULT)",
      both: "web",
    },
    {
      title: "gives the new column a value and the old one NULL",
      sql: "(id, old, new) VALUES ($id, NULL, 'web')",
      both: "web",
    },
  ])("an insert that $title leaves both sides equal", async ({ sql, both }) => {
    id += 1;
    await fresh.client.query(`INSERT INTO defaulted ${sql.replaceAll("$id", String(id))}`);
    expect(await read(fresh, "defaulted", id)).toEqual([both, both]);
  });

  it("an insert gets one and the same time on both sides from a default of now()", async () => {
    await fresh.client.query(`CREATE TABLE timed (id int, old timestamptz DEFAULT now())`);
    await expand(fresh, { table: "public.timed", from: "old", to: "new" });
    await fresh.client.query(`INSERT INTO timed (id) VALUES (1)`);
    await fresh.client.query(`INSERT INTO timed (id, old) VALUES (2, '2020-01-01')`);
    await fresh.client.query(`INSERT INTO timed (id, new) VALUES (3, '2020-01-01')`);
    const { rows } = await fresh.client.query(
      `SELECT old = new AS same, new = '2020-01-01' AS given FROM timed ORDER BY id`,
    );
    expect(rows).toEqual([
      { same: true, given: false },
      { same: true, given: true },
      { same: true, given: true },
    ]);
  });
});

describe("the sync triggers follow a change that the type's own equality does not see", () => {
  let fresh: FreshDatabase;

  beforeAll(async () => {
    fresh = await freshDatabase();
    await fresh.client.query(`
      CREATE EXTENSION IF NOT EXISTS citext;
      CREATE COLLATION any_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
      CREATE TYPE stage AS ENUM ('new', 'won')`);
  });

  afterAll(() => fresh.close());

  it.each([
    { type: "varchar(20) COLLATE any_case", before: "web", after: "WEB" },
    { type: "citext", before: "web", after: "WEB" },
    { type: "numeric", before: "1.0", after: "1.00" },
    { type: "numeric(12,2) DEFAULT 0", before: "1.00", after: "2.00" },
    { type: "char(4) DEFAULT 'a'", before: "web ", after: "fair" },
    { type: "float8", before: "0", after: "-0" },
    { type: "interval", before: "1 day", after: "24:00:00" },
    { type: "json", before: `{"a":1}`, after: `{"a": 1}` },
    { type: "jsonb DEFAULT '{}'", before: `{"a": 1.0}`, after: `{"a": 1.00}` },
    { type: "stage DEFAULT 'new'", before: "new", after: "won" },
    { type: "text[] DEFAULT '{}'", before: "{a,NULL}", after: "{a,b}" },
    { type: "numeric[]", before: "{1.0}", after: "{1.00}" },
    { type: "bytea", before: "\\x00ff", after: "\\x00" },
    { type: "uuid", before: "00000000-0000-0000-0000-000000000000", after: "00000000-0000-0000-0000-000000000001" },
    { type: "xml", before: "<a/>", after: "<a></a>" },
  ])("$type from $before to $after", async ({ type, before, after }) => {
    const { client } = fresh;
    await client.query(`DROP TABLE IF EXISTS probe; CREATE TABLE probe (id int, old ${type}, note text)`);
    await client.query(`INSERT INTO probe VALUES (0, '${before}')`);
    await expand(fresh, { table: "public.probe", from: "old", to: "new" });
    await client.query(`INSERT INTO probe (id, old) VALUES (1, '${before}')`);
    await client.query(`INSERT INTO probe (id, new) VALUES (2, '${before}')`);
    await client.query(`UPDATE probe SET note = 'x' WHERE id = 0`);
    expect(await text()).toEqual([before, before, before, before, before, before]);
    await client.query(`UPDATE probe SET old = '${after}' WHERE id < 2`);
    await client.query(`UPDATE probe SET new = '${after}' WHERE id = 2`);
    expect(await text()).toEqual([after, after, after, after, after, after]);
  });

  async function text(): Promise<Value[]> {
    // format(), since a cast of char(n) to text drops its blanks.
    const { rows } = await fresh.client.query<{ old: Value; new: Value }>(
      `SELECT format('%s', old) AS old, format('%s', new) AS new FROM probe ORDER BY id`,
    );
    return rows.flatMap((row) => [row.old, row.new]);
  }
});

describe("the sync triggers' names", () => {
  let fresh: FreshDatabase;

  beforeAll(async () => {
    fresh = await freshDatabase();
  });

  afterAll(() => fresh.close());

  it("fit where schema, table and both columns have 63 bytes, and two such tables do not share functions", async () => {
    const long = (end: string): string => `${"ü".repeat(31)}${end}`;
    const [schema, from, to] = [long("s"), long("f"), long("t")];
    for (const end of ["1", "2"]) {
      const table = { schema, name: long(end) };
      const quoted = `"${schema}"."${table.name}"`;
      await fresh.client.query(`CREATE SCHEMA IF NOT EXISTS "${schema}"`);
      await fresh.client.query(`CREATE TABLE ${quoted} (id int, "${from}" text)`);
      await expand(fresh, { table, from, to });
      await fresh.client.query(`INSERT INTO ${quoted} (id, "${from}") VALUES (1, 'a')`);
      await fresh.client.query(`INSERT INTO ${quoted} (id, "${to}") VALUES (2, 'b')`);
      await fresh.client.query(`UPDATE ${quoted} SET "${from}" = 'c' WHERE id = 2`);
      const { rows } = await fresh.client.query(`SELECT "${from}" AS old, "${to}" AS new FROM ${quoted} ORDER BY id`);
      expect(rows).toEqual([
        { old: "a", new: "a" },
        { old: "c", new: "c" },
      ]);
    }
    const { rows } = await fresh.client.query(
      `SELECT count(DISTINCT tgfoid)::int AS functions, count(*)::int AS triggers, max(octet_length(tgname)) AS longest FROM pg_trigger`,
    );
    expect(rows).toEqual([{ functions: 6, triggers: 8, longest: 14 }]);
  });

  it("sort around the table's own BEFORE triggers, so that what those write is synced", async () => {
    const { client } = fresh;
    await client.query(`CREATE TABLE tidied (id int, old text)`);
    await client.query(
      `CREATE FUNCTION tidy() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.old = lower(NEW.old); RETURN NEW; END'`,
    );
    await client.query(`CREATE TRIGGER zzz BEFORE INSERT OR UPDATE ON tidied FOR EACH ROW EXECUTE FUNCTION tidy()`);
    await expand(fresh, { table: "public.tidied", from: "old", to: "new" });
    await client.query(`INSERT INTO tidied (id, old) VALUES (1, 'WEB')`);
    await client.query(`UPDATE tidied SET old = 'FAIR' WHERE id = 1`);
    expect(await read(fresh, "tidied", 1)).toEqual(["fair", "fair"]);
    await client.query(`UPDATE tidied SET new = 'MAIL' WHERE id = 1`);
    expect(await read(fresh, "tidied", 1)).toEqual(["mail", "mail"]);
    await client.query(`INSERT INTO tidied (id, new) VALUES (2, 'PHONE')`);
    expect(await read(fresh, "tidied", 2)).toEqual(["phone", "phone"]);
  });
});

async function read(fresh: FreshDatabase, table: string, id: number): Promise<[Value, Value]> {
  const { rows } = await fresh.client.query<{ old: Value; new: Value }>(
    `SELECT old, new FROM ${table} WHERE id = ${String(id)}`,
  );
  const [row] = rows;
  if (!row) throw new Error(`no row ${String(id)} in ${table}`);
  return [row.old, row.new];
}

/** Calls of the sync functions of a table, by PostgreSQL's own count. */
async function calls(session: pg.Client, table: string): Promise<number> {
  await session.query("SELECT pg_stat_force_next_flush()");
  const { rows } = await session.query<{ n: number }>(
    `SELECT coalesce(sum(calls), 0)::int AS n FROM pg_stat_user_functions WHERE schemaname = 'sluice' AND funcname LIKE $1`,
    [`%${table}%`],
  );
  return rows[0]?.n ?? -1;
}
