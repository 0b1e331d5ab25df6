import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runPreflight } from "../../../../core/preflight/run-preflight.ts";
import { freshDatabase, type FreshDatabase } from "../../../support/postgres.ts";
import { crmSchema, readCrm } from "../../catalog/table-reader.ts";
import { contextOf, lines } from "../contexts.ts";

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
  return lines(results.filter(({ severity }) => severity !== "ok"));
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
  it.each([
    ["lead_source text NOT NULL", "is NOT NULL"],
    ["lead_source text GENERATED ALWAYS AS ('x') STORED", "is a generated column"],
    [
      "lead_source timestamptz DEFAULT clock_timestamp()",
      "has default clock_timestamp(), which gives another value each time",
    ],
    ["lead_source filled", "has type crm.filled, a domain with a constraint"],
    ["lead_source present", "has type crm.present, a domain with a constraint"],
  ])("as %s", async (column, message) => {
    await expectProblems(
      `CREATE DOMAIN filled AS text CHECK (VALUE <> ''); CREATE DOMAIN present AS text NOT NULL;
       CREATE TABLE contacts (id bigint PRIMARY KEY, ${column})`,
      `refuse column "crm.contacts.lead_source" ${message}`,
    );
  });

  it("as an identity", async () => {
    await expectProblems(
      "CREATE TABLE contacts (id bigint, lead_source bigint GENERATED ALWAYS AS IDENTITY)",
      'refuse column "crm.contacts.lead_source" is an identity column',
      'refuse column "crm.contacts.lead_source" is NOT NULL',
    );
  });

  it("as a serial, which owns its sequence", async () => {
    await expectProblems(
      "CREATE TABLE contacts (id bigint, lead_source serial); ALTER TABLE contacts ALTER lead_source DROP NOT NULL",
      "refuse column \"crm.contacts.lead_source\" has default nextval('crm.contacts_lead_source_seq'::regclass), which gives",
      'refuse object "sequence crm.contacts_lead_source_seq" depends on column "lead_source"',
    );
  });

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

describe("a constraint over the column is refused", () => {
  it.each([
    ["check", "ADD CONSTRAINT c CHECK (lead_source <> '' OR email IS NULL)", "is a check constraint over"],
    ["unique", "ADD CONSTRAINT c UNIQUE (tenant_id, lead_source)", "is a unique constraint over"],
    [
      "foreign key",
      "ADD CONSTRAINT c FOREIGN KEY (lead_source) REFERENCES sources",
      "is a foreign key constraint over",
    ],
    ["exclusion", "ADD CONSTRAINT c EXCLUDE USING gist (lead_source WITH =)", "is an exclusion constraint over"],
  ])("by name, once: %s", async (_, change, message) => {
    await expectProblems(
      `CREATE TABLE sources (name text PRIMARY KEY); ${CONTACTS} ALTER TABLE contacts ${change}`,
      `refuse constraint "c" ${message}`,
    );
  });

  it("by name: the foreign key of another table, and the key that it refers to", async () => {
    await expectProblems(
      `${CONTACTS} ALTER TABLE contacts ADD CONSTRAINT once UNIQUE (lead_source);
       CREATE TABLE sources (name text CONSTRAINT c REFERENCES contacts (lead_source))`,
      'refuse constraint "once" is a unique constraint over column "lead_source"',
      'refuse constraint "c" is a foreign key of "crm.sources" that refers to column "lead_source"',
    );
  });

  it("by name and partition, where a single partition has it", async () => {
    await expectProblems(
      `CREATE TABLE contacts (id bigint, lead_source text) PARTITION BY LIST (id);
       CREATE TABLE one PARTITION OF contacts (CONSTRAINT c CHECK (lead_source <> '')) FOR VALUES IN (1)`,
      'refuse constraint "c" is a check constraint of partition "crm.one" over column "lead_source"',
    );
  });

  it("and one over other columns passes", async () => {
    await expectProblems(`${CONTACTS} ALTER TABLE contacts ADD CHECK (email <> ''), ADD UNIQUE (tenant_id, email)`);
  });
});

describe("an index over the column is refused", () => {
  it.each([
    ["UNIQUE INDEX i ON contacts (tenant_id, lead_source)", 'is unique over column "lead_source"'],
    ["INDEX i ON contacts (tenant_id, lower(lead_source))", 'reads column "lead_source" in an expression'],
    ["INDEX i ON contacts (tenant_id) WHERE lead_source IS NOT NULL", 'reads column "lead_source" in its WHERE clause'],
    [
      "INDEX i ON contacts USING gist (lead_source public.gist_trgm_ops (siglen = 64))",
      'is over column "lead_source" and gives its operator class options',
    ],
  ])("CREATE %s", async (index, message) => {
    await expectProblems(
      `${CONTACTS} CREATE ${index}`,
      `refuse index "crm.i" ${message}, which this version does not carry over`,
    );
  });

  it("of a partitioned table, and of a single partition", async () => {
    await expectProblems(
      `CREATE TABLE contacts (id bigint, lead_source text) PARTITION BY LIST (id);
       CREATE TABLE one PARTITION OF contacts FOR VALUES IN (1);
       CREATE INDEX i ON contacts (lead_source); CREATE INDEX o ON one (id, lead_source)`,
      'refuse index "crm.i" is over column "lead_source" of a partitioned table',
      'refuse index "crm.o" is over column "lead_source" of a partitioned table',
    );
  });

  it("that a failed build left invalid", async () => {
    await crmSchema(db, `${CONTACTS} INSERT INTO contacts VALUES (1, 1, 'a'), (2, 1, 'a')`);
    await db.client.query("CREATE UNIQUE INDEX CONCURRENTLY i ON crm.contacts (lead_source)").catch(() => undefined);
    const results = runPreflight(contextOf({ catalog: await readCrm(db) }));
    expect(lines(results.filter(({ severity }) => severity === "refuse"))[0]).toMatch(
      /^refuse index "crm.i" .* is invalid/,
    );
  });

  it("and carried over otherwise", async () => {
    await crmSchema(
      db,
      `${CONTACTS} CREATE INDEX a ON contacts (tenant_id, lead_source DESC NULLS LAST) INCLUDE (email) WHERE email <> '';
       CREATE INDEX b ON contacts (email) INCLUDE (lead_source); CREATE INDEX c ON contacts USING gin (lead_source public.gin_trgm_ops);
       CREATE INDEX d ON contacts (lead_source COLLATE "C" text_pattern_ops); CREATE INDEX unrelated ON contacts (lower(email))`,
    );
    const [result] = runPreflight(contextOf({ catalog: await readCrm(db) })).filter(({ check }) => check === "indexes");
    expect(lines(result!)).toEqual([
      'ok column "crm.contacts.lead_source" has its indexes carried over: "a", "b", "c", "d".',
    ]);
  });
});

describe("what names the column is refused", () => {
  it.each([
    ["CREATE VIEW v AS SELECT lead_source FROM contacts", 'view "crm.v"'],
    ["CREATE VIEW v AS SELECT * FROM contacts", 'view "crm.v"'],
    ["CREATE VIEW v AS SELECT c FROM contacts c", 'view "crm.v"'],
    ["CREATE MATERIALIZED VIEW v AS SELECT lead_source FROM contacts", 'materialized view "crm.v"'],
    ["CREATE RULE r AS ON DELETE TO contacts DO INSTEAD NOTHING", 'rule "r on crm.contacts"'],
    ["CREATE POLICY p ON contacts USING (lead_source = 'x')", 'policy "p on crm.contacts"'],
    [
      "ALTER TABLE contacts ADD COLUMN g text GENERATED ALWAYS AS (lower(lead_source)) STORED",
      'generated column "crm.contacts.g"',
    ],
    ["CREATE STATISTICS s ON tenant_id, lead_source FROM contacts", 'statistics "crm.s"'],
    [
      "CREATE FUNCTION f() RETURNS bigint BEGIN ATOMIC SELECT count(lead_source) FROM contacts; END",
      'function "crm.f()"',
    ],
    ["CREATE PUBLICATION p FOR TABLE contacts (id, lead_source)", 'publication "p"'],
  ])("%s", async (setup, object) => {
    await db.client.query("DROP PUBLICATION IF EXISTS p");
    await expectProblems(`${CONTACTS} ${setup}`, `refuse ${object} depends on column "lead_source"`);
    await db.client.query("DROP PUBLICATION IF EXISTS p");
  });

  it("but what names other columns passes", async () => {
    await expectProblems(
      `${CONTACTS} CREATE VIEW v AS SELECT email FROM contacts; CREATE VIEW n AS SELECT count(*) FROM contacts;
       CREATE POLICY p ON contacts USING (email = 'x'); CREATE STATISTICS s ON tenant_id, email FROM contacts`,
    );
  });

  it("and what takes whole rows is warned of", async () => {
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

  it("is refused where its function would fail every write once the column is gone", async () => {
    await expectProblems(
      `${CONTACTS} ${FUNCTION("NEW.lead_source = lower(NEW.lead_source);")}
       CREATE TRIGGER t BEFORE INSERT OR UPDATE ON contacts FOR EACH ROW EXECUTE FUNCTION f()`,
      'refuse trigger "t" runs function "crm.f", which reads or writes NEW or OLD."lead_source": every write would fail',
    );
    await db.client.query("ALTER TABLE crm.contacts DROP COLUMN lead_source");
    await expect(db.client.query("INSERT INTO crm.contacts (id) VALUES (1)")).rejects.toThrow(
      'has no field "lead_source"',
    );
  });

  it("is warned of where UPDATE OF or WHEN names the column, which then cannot be dropped", async () => {
    await expectProblems(
      `${CONTACTS} ${FUNCTION("")}
       CREATE TRIGGER a AFTER UPDATE OF lead_source ON contacts FOR EACH ROW EXECUTE FUNCTION f();
       CREATE TRIGGER b AFTER UPDATE ON contacts FOR EACH ROW WHEN (NEW.lead_source IS NULL) EXECUTE FUNCTION f()`,
      'warn trigger "a" is on UPDATE OF "lead_source": it does not fire for a write of "acquisition_channel"',
      'warn trigger "b" names "lead_source" in its WHEN clause: contract cannot drop the column before it',
    );
    await expect(db.client.query("ALTER TABLE crm.contacts DROP COLUMN lead_source")).rejects.toThrow(
      "other objects depend on it",
    );
  });

  it("is refused where it fires after the sync triggers", async () => {
    await expectProblems(
      `${CONTACTS} ${FUNCTION("")} CREATE TRIGGER "~~" BEFORE UPDATE ON contacts FOR EACH ROW EXECUTE FUNCTION f()`,
      'refuse trigger "~~" sorts after Sluice\'s sync triggers',
    );
  });
});
