import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runPreflight } from "../../../../core/preflight/run-preflight.ts";
import { freshDatabase, type FreshDatabase } from "../../../support/postgres.ts";
import { crmSchema, readCrm } from "../../catalog/table-reader.ts";
import { contextOf, lines, migrationOf } from "../contexts.ts";

let db: FreshDatabase;
beforeAll(async () => {
  db = await freshDatabase();
  await db.client.query("CREATE EXTENSION pg_trgm SCHEMA public; CREATE EXTENSION btree_gist SCHEMA public");
});
afterAll(async () => db.close());

const CONTACTS = "CREATE TABLE contacts (id bigint PRIMARY KEY, tenant_id bigint, lead_source text, email text);";
const FUNCTION = (body: string): string =>
  `CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN ${body} RETURN NEW; END $f$;`;

/** What is not `ok` for the rename of `lead_source` on a database that `setup` made. */
async function problemsOf(setup: string): Promise<readonly string[]> {
  await crmSchema(db, setup);
  const results = runPreflight(contextOf({ catalog: await readCrm(db) }));
  return lines(results.filter(({ verdict }) => verdict !== "ok"));
}

/** The first words of each problem, the remedy left out. */
async function expectProblems(setup: string, ...expected: readonly string[]): Promise<void> {
  const problems = await problemsOf(setup);
  expect(problems.map((problem, index) => problem.slice(0, expected[index]?.length))).toEqual(expected);
}

it("passes a plain column", async () => {
  await expectProblems(CONTACTS);
});

describe("the column itself is refused", () => {
  it.each([["lead_source text GENERATED ALWAYS AS ('x') STORED", "is a generated column"]])(
    "as %s",
    async (column, message) => {
      await expectProblems(
        `CREATE TABLE contacts (id bigint PRIMARY KEY, ${column})`,
        `refuse column "crm.contacts.lead_source" ${message}`,
      );
    },
  );

  it("where the new name is taken", async () => {
    await expectProblems(
      `${CONTACTS} ALTER TABLE contacts ADD COLUMN acquisition_channel text`,
      'refuse column "crm.contacts.acquisition_channel" exists already',
    );
  });

  it("where it is in a partition key of any level", async () => {
    await expectProblems(
      `CREATE TABLE contacts (id bigint, lead_source text) PARTITION BY LIST (id);
       CREATE TABLE rest PARTITION OF contacts DEFAULT PARTITION BY RANGE (lower(lead_source))`,
      'refuse column "crm.contacts.lead_source" is in the partition key',
    );
  });
});

describe("an index that the mirror does not get", () => {
  it.each([
    ["INDEX i ON contacts (tenant_id, lower(lead_source))", "it reads the column in an expression or"],
    ["INDEX i ON contacts (tenant_id) WHERE lead_source IS NOT NULL", "it reads the column in an expression or"],
    [
      "INDEX i ON contacts USING gist (lead_source public.gist_trgm_ops (siglen = 64))",
      "its operator class has options",
    ],
  ])("is warned of: CREATE %s", async (index, reason) => {
    await expectProblems(
      `${CONTACTS} CREATE ${index}`,
      `warn index "crm.i" is not built over "acquisition_channel", since ${reason}`,
    );
  });

  it("is warned of on a partitioned table, and on a single partition", async () => {
    await expectProblems(
      `CREATE TABLE contacts (id bigint, lead_source text) PARTITION BY LIST (id);
       CREATE TABLE one PARTITION OF contacts FOR VALUES IN (1);
       CREATE INDEX i ON contacts (lead_source); CREATE INDEX o ON one (id, lead_source)`,
      'warn index "crm.i" is not built over "acquisition_channel", since no index of a partitioned table',
      'warn index "crm.o" is not built over "acquisition_channel", since no index of a partitioned table',
    );
  });

  it("is warned of where a failed build left it invalid", async () => {
    await crmSchema(db, `${CONTACTS} INSERT INTO contacts VALUES (1, 1, 'a'), (2, 1, 'a')`);
    await db.client.query("CREATE UNIQUE INDEX CONCURRENTLY i ON crm.contacts (lead_source)").catch(() => undefined);
    const results = runPreflight(contextOf({ catalog: await readCrm(db) }));
    expect(lines(results.filter(({ check, verdict }) => check === "indexes" && verdict === "warn"))[0]).toMatch(
      /^warn index "crm.i" .* is invalid/,
    );
  });

  it("is none of those that hold the column as it is", async () => {
    await crmSchema(
      db,
      `${CONTACTS} CREATE INDEX a ON contacts (tenant_id, lead_source DESC NULLS LAST) INCLUDE (email) WHERE email <> '';
       CREATE INDEX b ON contacts (email) INCLUDE (lead_source); CREATE INDEX c ON contacts USING gin (lead_source public.gin_trgm_ops);
       CREATE UNIQUE INDEX d ON contacts (lead_source COLLATE "C" text_pattern_ops); CREATE INDEX unrelated ON contacts (lower(email))`,
    );
    const [result] = runPreflight(contextOf({ catalog: await readCrm(db) })).filter(({ check }) => check === "indexes");
    expect(lines(result!)).toEqual(['ok column "crm.contacts.lead_source" has 4 indexes that its mirror gets too.']);
  });
});

describe("what reads whole rows", () => {
  it("is warned of", async () => {
    await db.client.query("DROP PUBLICATION IF EXISTS p");
    await expectProblems(
      `${CONTACTS} CREATE PUBLICATION p FOR TABLE contacts;
       CREATE FUNCTION label(contacts) RETURNS text LANGUAGE sql AS 'SELECT $1.lead_source'`,
      'warn function "crm.label(crm.contacts)" takes or returns the table\'s row type',
      'warn publication "p" sends every column',
    );
    await db.client.query("DROP PUBLICATION p");
  });
});

describe("a trigger of the table's own", () => {
  it("passes where it does not know the column", async () => {
    await expectProblems(
      `${CONTACTS} ${FUNCTION("NEW.email = lower(NEW.email);")}
       CREATE TRIGGER t BEFORE INSERT OR UPDATE ON contacts FOR EACH ROW EXECUTE FUNCTION f()`,
    );
  });

  it("is refused where its function would fail every write after the rename", async () => {
    await expectProblems(
      `${CONTACTS} ${FUNCTION("NEW.lead_source = lower(NEW.lead_source);")}
       CREATE TRIGGER t BEFORE INSERT OR UPDATE ON contacts FOR EACH ROW EXECUTE FUNCTION f()`,
      'refuse trigger "t" runs function crm.f, which reads or writes NEW or OLD."lead_source": every write would fail',
    );
    await db.client.query("ALTER TABLE crm.contacts RENAME lead_source TO acquisition_channel");
    await expect(db.client.query("INSERT INTO crm.contacts (id) VALUES (1)")).rejects.toThrow(
      'has no field "lead_source"',
    );
  });

  it("passes where the migration gives the function a new text", async () => {
    await crmSchema(
      db,
      `${CONTACTS} ${FUNCTION("NEW.lead_source = lower(NEW.lead_source);")}
       CREATE TRIGGER t BEFORE INSERT OR UPDATE ON contacts FOR EACH ROW EXECUTE FUNCTION f()`,
    );
    const functions = [
      "CREATE OR REPLACE FUNCTION crm.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
    ];
    const rename = { table: "crm.contacts", from: "lead_source", to: "acquisition_channel", functions };
    const migration = migrationOf({ operations: [{ rename_column: rename }] });
    const results = runPreflight(contextOf({ migration, catalog: await readCrm(db) }));
    expect(lines(results.filter(({ verdict }) => verdict === "refuse"))).toEqual([]);
  });

  it("is warned of where UPDATE OF names the column", async () => {
    await expectProblems(
      `${CONTACTS} ${FUNCTION("")}
       CREATE TRIGGER a AFTER UPDATE OF lead_source ON contacts FOR EACH ROW EXECUTE FUNCTION f()`,
      'warn trigger "a" is on UPDATE OF "lead_source": until contract it does not fire for an update by the name',
    );
  });

  it.each(["~~", " a"])("is refused where it fires outside of the sync triggers: %j", async (name) => {
    await expectProblems(
      `${CONTACTS} ${FUNCTION("")} CREATE TRIGGER "${name}" BEFORE UPDATE ON contacts FOR EACH ROW EXECUTE FUNCTION f()`,
      `refuse trigger "${name}" does not sort between Sluice's sync triggers`,
    );
  });
});
