import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { freshDatabase, type FreshDatabase } from "../../support/postgres.ts";
import { expand, planRename, runSteps } from "./expanded-table.ts";

const RENAME = { table: "crm.contacts", from: "lead_source", to: "acquisition_channel" };

describe("renaming a column", () => {
  let fresh: FreshDatabase;

  beforeAll(async () => {
    fresh = await freshDatabase();
  });

  afterAll(() => fresh.close());

  beforeEach(() => fresh.client.query(`DROP SCHEMA IF EXISTS crm, sluice CASCADE; CREATE SCHEMA crm`));

  describe("of a plain text column", () => {
    beforeEach(() => fresh.client.query(`CREATE TABLE crm.contacts (id int PRIMARY KEY, lead_source text, note text)`));

    it("expands by these statements", async () => {
      const { expand: steps } = await planRename(fresh, RENAME);
      expect(steps.map(({ id, lock, blocks, mode }) => ({ id, lock, blocks, mode }))).toEqual([
        { id: "add-acquisition_channel", lock: "ACCESS EXCLUSIVE", blocks: "readers and writers", mode: "transaction" },
        { id: "expand-sync-functions", lock: "none", blocks: "nobody", mode: "transaction" },
        { id: "expand-sync-triggers", lock: "SHARE ROW EXCLUSIVE", blocks: "writers", mode: "transaction" },
      ]);
      const [old, mirror] = [`NEW."lead_source"`, `NEW."acquisition_channel"`];
      const apart = `${mirror} IS DISTINCT FROM ${old}`;
      expect(steps.map(({ statements }) => statements)).toEqual([
        [`ALTER TABLE "crm"."contacts" ADD COLUMN "acquisition_channel" text`],
        [
          ...routine("insert_first", `IF ${mirror} IS DISTINCT FROM NULL THEN ${old} = ${mirror}; END IF;`),
          ...routine(
            "update_first",
            `IF CAST(ROW(${mirror}) AS record) OPERATOR(pg_catalog.*<>) CAST(ROW(OLD."acquisition_channel") AS record) THEN ${old} = ${mirror}; END IF;`,
          ),
          ...routine("sync_last", `${mirror} = ${old};`),
        ],
        [
          ...trigger("!sluice_insert", "insert_first", `(${mirror} IS DISTINCT FROM NULL AND ${apart})`),
          ...trigger(
            "!sluice_update",
            "update_first",
            `(${mirror} IS DISTINCT FROM OLD."acquisition_channel" AND ${apart})`,
          ),
          ...trigger("~sluice_insert", "sync_last", apart),
          ...trigger("~sluice_update", "sync_last", apart),
        ],
      ]);

      function routine(label: string, body: string): string[] {
        const name = `"sluice"."${label}_crm_contacts"()`;
        return [
          `CREATE OR REPLACE FUNCTION ${name} RETURNS trigger LANGUAGE plpgsql AS 'BEGIN ${body} RETURN NEW; END'`,
          `REVOKE ALL ON FUNCTION ${name} FROM PUBLIC`,
        ];
      }

      function trigger(name: string, label: string, when: string): string[] {
        const event = name.endsWith("insert") ? "INSERT" : "UPDATE";
        return [
          `CREATE TRIGGER "${name}" BEFORE ${event} ON "crm"."contacts" FOR EACH ROW WHEN (${when}) EXECUTE FUNCTION "sluice"."${label}_crm_contacts"()`,
          `ALTER TABLE "crm"."contacts" ENABLE ALWAYS TRIGGER "${name}"`,
        ];
      }
    });

    it("contracts and is undone by these statements, each in one transaction", async () => {
      const plan = await planRename(fresh, RENAME);
      const drops = (ifExists: string): string[] =>
        ["!sluice_insert", "!sluice_update", "~sluice_insert", "~sluice_update"].map(
          (name) => `DROP TRIGGER ${ifExists}"${name}" ON "crm"."contacts"`,
        );
      const functions = ["insert_first", "update_first", "sync_last"].map(
        (label) => `DROP FUNCTION IF EXISTS "sluice"."${label}_crm_contacts"()`,
      );
      expect(plan.contract.map(({ id, statements }) => ({ id, statements }))).toEqual([
        {
          id: "contract",
          statements: [
            ...drops(""),
            `ALTER TABLE "crm"."contacts" DROP COLUMN "acquisition_channel"`,
            `ALTER TABLE "crm"."contacts" RENAME COLUMN "lead_source" TO "acquisition_channel"`,
            ...functions,
          ],
        },
      ]);
      expect(plan.undo.map(({ id, statements }) => ({ id, statements }))).toEqual([
        {
          id: "undo",
          statements: [
            ...drops("IF EXISTS "),
            `ALTER TABLE "crm"."contacts" DROP COLUMN IF EXISTS "acquisition_channel"`,
            ...functions,
          ],
        },
      ]);
      for (const { mode, lock, lockTimeoutMs } of [...plan.contract, ...plan.undo]) {
        expect({ mode, lock, lockTimeoutMs }).toEqual({
          mode: "transaction",
          lock: "ACCESS EXCLUSIVE",
          lockTimeoutMs: 500,
        });
      }
    });

    it("says which side is derived, and when", async () => {
      const { backfill } = await planRename(fresh, RENAME);
      expect(backfill.update).toContain(
        `UPDATE ONLY {relation} AS t SET "acquisition_channel" = t."lead_source"\n` +
          `  WHERE t.ctid >= CAST(:from_tid AS tid) AND t.ctid < CAST(:to_tid AS tid) ` +
          `AND t."acquisition_channel" IS DISTINCT FROM t."lead_source" AND EXISTS (SELECT FROM claim)`,
      );
    });

    it("refuses a column or a table that is not there", async () => {
      for (const wrong of [{ from: "source" }, { table: "crm.contact" }]) {
        await expect(planRename(fresh, { ...RENAME, ...wrong })).rejects.toMatchObject({ name: "NotFound" });
      }
    });
  });

  describe("gives the new column", () => {
    it("no default, so that an insert which gives it a value is told from one that does not", async () => {
      await fresh.client.query(`CREATE TABLE crm.contacts (id int, lead_source varchar(20))`);
      await fresh.client.query(`INSERT INTO crm.contacts VALUES (1, NULL), (2, 'web')`);
      await fresh.client.query(`ALTER TABLE crm.contacts ALTER COLUMN lead_source SET DEFAULT 'none'`);
      await expand(fresh, RENAME);
      expect(await column("acquisition_channel")).toMatchObject({ type: "character varying(20)", default: null });
      const { rows } = await fresh.client.query(`SELECT acquisition_channel FROM crm.contacts ORDER BY id`);
      expect(rows).toEqual([{ acquisition_channel: null }, { acquisition_channel: null }]);
    });

    it("the rest of its row in pg_attribute: storage, compression, statistics and options", async () => {
      await fresh.client.query(`CREATE TABLE crm.contacts (id int, lead_source text COMPRESSION pglz);
        ALTER TABLE crm.contacts ALTER lead_source SET STORAGE EXTERNAL, ALTER lead_source SET STATISTICS 500,
          ALTER lead_source SET (n_distinct = -0.2, n_distinct_inherited = 7)`);
      await expand(fresh, RENAME);
      const { rows } = await fresh.client.query<{ attribute: object }>(
        `SELECT to_jsonb(a) - '{attname,attnum}'::text[] AS attribute FROM pg_attribute a
         WHERE a.attrelid = 'crm.contacts'::regclass AND a.attname IN ('lead_source', 'acquisition_channel')`,
      );
      expect(rows[1]).toEqual(rows[0]);
    });

    it("the old one's collation", async () => {
      await fresh.client.query(
        `CREATE COLLATION crm."any Case" (provider = icu, locale = 'und-u-ks-level2', deterministic = false)`,
      );
      await fresh.client.query(`CREATE TABLE crm.contacts (id int, lead_source text COLLATE crm."any Case")`);
      await expand(fresh, RENAME);
      expect(await column("acquisition_channel")).toEqual(await column("lead_source"));
      expect(await column("acquisition_channel")).toMatchObject({ collation: "any Case" });
    });

    it("a type of the application's own, by its qualified name", async () => {
      await fresh.client.query(`CREATE TYPE crm."Stage" AS ENUM ('new', 'won')`);
      await fresh.client.query(`CREATE TABLE crm.contacts (id int, lead_source crm."Stage"[])`);
      await expand(fresh, RENAME);
      expect(await column("acquisition_channel")).toEqual(await column("lead_source"));
    });

    it("the privileges of the old one, grant options and PUBLIC too", async () => {
      const [reader, admin] = [`"Reader ${fresh.name}"`, `admin_${fresh.name}`];
      await fresh.client.query(`CREATE TABLE crm.contacts (id int, lead_source text)`);
      await fresh.client.query(`CREATE ROLE ${reader}; CREATE ROLE ${admin}`);
      try {
        await fresh.client.query(`GRANT SELECT (lead_source), UPDATE (lead_source) ON crm.contacts TO ${reader};
          GRANT INSERT (lead_source) ON crm.contacts TO ${admin} WITH GRANT OPTION;
          GRANT REFERENCES (lead_source) ON crm.contacts TO PUBLIC`);
        await expand(fresh, RENAME);
        expect((await column("acquisition_channel")).grants).toHaveLength(3);
        expect(await column("acquisition_channel")).toEqual(await column("lead_source"));
      } finally {
        await fresh.client.query(`DROP SCHEMA crm CASCADE; DROP ROLE ${reader}; DROP ROLE ${admin}`);
      }
    });
  });

  describe("carries each index over the old column over to the new one", () => {
    const TABLE = `CREATE TABLE crm.contacts (id int, tenant int, lead_source text COLLATE "de-x-icu", note text, gone int);
      ALTER TABLE crm.contacts DROP COLUMN gone`;

    it.each([
      `CREATE INDEX contacts_lead_source_idx ON crm.contacts (lead_source)`,
      `CREATE INDEX desc_idx ON crm.contacts (lead_source DESC)`,
      `CREATE INDEX nulls_idx ON crm.contacts (lead_source NULLS FIRST, tenant DESC NULLS LAST)`,
      `CREATE INDEX opclass_idx ON crm.contacts (lead_source text_pattern_ops, note)`,
      `CREATE INDEX collation_idx ON crm.contacts (tenant, lead_source COLLATE "C" DESC)`,
      `CREATE INDEX include_idx ON crm.contacts (tenant) INCLUDE (lead_source, note)`,
      `CREATE INDEX both_idx ON crm.contacts (lead_source) INCLUDE (lead_source)`,
      `CREATE INDEX partial_idx ON crm.contacts (lead_source) WHERE note IS NOT NULL AND tenant = ANY (ARRAY[1, 2])`,
      `CREATE INDEX expression_idx ON crm.contacts (lower(note), lead_source, (tenant + 1) DESC, (note COLLATE "C"))`,
      `CREATE INDEX options_idx ON crm.contacts (lead_source) WITH (fillfactor = 70, deduplicate_items = off)`,
      `CREATE INDEX hash_idx ON crm.contacts USING hash (lead_source)`,
      `CREATE INDEX gin_idx ON crm.contacts USING gin (to_tsvector('simple', note), lead_source crm.gin_trgm_ops) WITH (fastupdate = off)`,
      `CREATE INDEX brin_idx ON crm.contacts USING brin (lead_source) WITH (pages_per_range = 8)`,
      `CREATE INDEX "Odd ""Name"" $& lead_source" ON crm.contacts (lead_source)`,
      `CREATE INDEX all_idx ON crm.contacts (lead_source COLLATE "C" text_pattern_ops DESC NULLS LAST, tenant) INCLUDE (note) WITH (fillfactor = 80) WHERE tenant > 0`,
      `CREATE INDEX not_distinct_idx ON crm.contacts (lead_source) NULLS NOT DISTINCT`,
    ])("%s", async (create) => {
      await fresh.client.query(`CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA crm; ${TABLE}; ${create}`);
      const [old] = await indexes("lead_source");
      const plan = await expand(fresh, RENAME);
      expect(plan.indexes).toHaveLength(1);
      expect(plan.indexes[0]).toMatchObject({
        mode: "concurrent",
        blocks: "nobody",
        lockTimeoutMs: 0,
        statementTimeoutMs: 0,
      });
      await runSteps(fresh, plan.indexes);
      const [carried] = await indexes("acquisition_channel");
      expect(carried?.name).toBe(plan.indexes[0]?.index?.name);
      expect(carried?.name).not.toBe(old?.name);
      const wanted = old?.definition.replace(/ON crm\.contacts.*/, (on) =>
        on.replaceAll("lead_source", "acquisition_channel"),
      );
      expect(carried?.definition.replace(/ON crm\.contacts.*/, "")).not.toBe(carried?.definition);
      expect(/ON crm\.contacts.*/.exec(carried?.definition ?? "")?.[0]).toBe(
        /ON crm\.contacts.*/.exec(wanted ?? "")?.[0],
      );
    });

    it("but leaves alone an index that does not hold it, and one that is invalid", async () => {
      await fresh.client.query(
        `${TABLE}; CREATE INDEX note_idx ON crm.contacts (note); CREATE INDEX bad_idx ON crm.contacts (lead_source)`,
      );
      await fresh.client.query(`UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'crm.bad_idx'::regclass`);
      expect((await planRename(fresh, RENAME)).indexes).toEqual([]);
    });

    it("under names that nothing on the table has, and no two of them share", async () => {
      await fresh.client.query(`${TABLE};
        CREATE INDEX idx_contacts ON crm.contacts (lead_source);
        CREATE INDEX idx_contacts_lead_source ON crm.contacts (lead_source, tenant);
        CREATE INDEX by_lead_source ON crm.contacts (lead_source DESC);
        CREATE INDEX by_acquisition_channel ON crm.contacts (note)`);
      const plan = await expand(fresh, RENAME);
      await runSteps(fresh, plan.indexes);
      expect(await indexes("acquisition_channel")).toHaveLength(3);
      expect(plan.indexes.map(({ index }) => index?.name)).toContain("idx_contacts_acquisition_channel");
    });

    it("under names of at most 63 bytes", async () => {
      const name = `${"ü".repeat(25)}_lead_source`;
      await fresh.client.query(`${TABLE}; CREATE INDEX "${name}" ON crm.contacts (lead_source)`);
      const plan = await expand(fresh, RENAME);
      await runSteps(fresh, plan.indexes);
      expect(await indexes("acquisition_channel")).toEqual([
        expect.objectContaining({ name: plan.indexes[0]?.index?.name }),
      ]);
    });
  });

  describe("from start to end", () => {
    beforeEach(() =>
      fresh.client
        .query(`CREATE TABLE crm.contacts (id int PRIMARY KEY, lead_source varchar(40) DEFAULT 'none', note text);
        COMMENT ON COLUMN crm.contacts.lead_source IS 'Where from';
        CREATE INDEX contacts_lead_source_idx ON crm.contacts (lead_source DESC, note) WHERE note IS NOT NULL;
        CREATE FUNCTION crm.touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
        CREATE TRIGGER touch BEFORE UPDATE ON crm.contacts FOR EACH ROW EXECUTE FUNCTION crm.touch();
        INSERT INTO crm.contacts SELECT i, 'source ' || i FROM generate_series(1, 20) AS i`),
    );

    it("undo leaves the table, its data and the schema of functions as they were", async () => {
      await fresh.client.query("CREATE SCHEMA IF NOT EXISTS sluice");
      const before = await description();
      const plan = await expand(fresh, RENAME);
      await runSteps(fresh, plan.indexes);
      await fresh.client.query(`UPDATE crm.contacts SET acquisition_channel = lead_source`);
      expect(await description()).not.toEqual(before);
      await runSteps(fresh, plan.undo);
      expect(await description()).toEqual(before);
    });

    it("undo works after every step of expand, and after none", async () => {
      const plan = await planRename(fresh, RENAME);
      await fresh.client.query("CREATE SCHEMA IF NOT EXISTS sluice");
      const before = await description();
      for (let steps = 0; steps <= plan.expand.length; steps += 1) {
        await runSteps(fresh, plan.expand.slice(0, steps));
        await runSteps(fresh, plan.undo);
        expect(await description()).toEqual(before);
      }
    });

    it("contract leaves the table as a plain rename of the column would", async () => {
      await fresh.client.query("CREATE SCHEMA IF NOT EXISTS sluice");
      await fresh.client.query("BEGIN; ALTER TABLE crm.contacts RENAME lead_source TO acquisition_channel");
      const renamed = await description();
      await fresh.client.query("ROLLBACK");
      const plan = await expand(fresh, RENAME);
      await fresh.client.query(`UPDATE crm.contacts SET acquisition_channel = lead_source`);
      await runSteps(fresh, plan.indexes);
      await runSteps(fresh, plan.contract);
      expect(await description()).toEqual(renamed);
      expect(renamed).toContain(
        "column acquisition_channel character varying(40) default 'none'::character varying comment Where from",
      );
    });

    /** As a dump would describe the table, the functions in schema sluice, and the values of the rows. */
    async function description(): Promise<string[]> {
      const { rows } = await fresh.client.query<{ text: string }>(`
        SELECT 'column ' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
            || coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), '') || coalesce(' comment ' || col_description(a.attrelid, a.attnum), '')
            || coalesce(' acl ' || a.attacl::text, '') AS text
          FROM pg_attribute a LEFT JOIN pg_attrdef d ON (d.adrelid, d.adnum) = (a.attrelid, a.attnum)
          WHERE a.attrelid = 'crm.contacts'::regclass AND a.attnum > 0 AND NOT a.attisdropped
        UNION ALL SELECT 'index ' || pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = 'crm.contacts'::regclass
        UNION ALL SELECT 'constraint ' || conname || pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'crm.contacts'::regclass
        UNION ALL SELECT 'trigger ' || tgenabled::text || pg_get_triggerdef(oid) FROM pg_trigger WHERE tgrelid = 'crm.contacts'::regclass
        UNION ALL SELECT 'function ' || oid::regprocedure FROM pg_proc WHERE pronamespace = 'sluice'::regnamespace
        UNION ALL SELECT 'rows ' || count(*) || ' ' || sum(hashtext(coalesce(to_jsonb(c) ->> 'lead_source', to_jsonb(c) ->> 'acquisition_channel'))) FROM crm.contacts c
        ORDER BY 1`);
      return rows.map(({ text }) => text);
    }
  });

  interface Column {
    readonly type: string;
    readonly default: string | null;
    readonly comment: string | null;
    readonly collation: string | null;
    readonly grants: readonly string[];
  }

  /** What PostgreSQL says of a column beside its name and place. */
  async function column(name: string): Promise<Column> {
    const { rows } = await fresh.client.query<Column>(
      `SELECT format_type(a.atttypid, a.atttypmod) AS type, pg_get_expr(d.adbin, d.adrelid) AS default,
         col_description(a.attrelid, a.attnum) AS comment, l.collname AS collation,
         ARRAY(SELECT unnest(a.attacl)::text ORDER BY 1) AS grants
       FROM pg_attribute a LEFT JOIN pg_attrdef d ON (d.adrelid, d.adnum) = (a.attrelid, a.attnum)
       LEFT JOIN pg_collation l ON l.oid = a.attcollation
       WHERE a.attrelid = 'crm.contacts'::regclass AND a.attname = $1`,
      [name],
    );
    const [found] = rows;
    if (!found) throw new Error(`no column ${name}`);
    return found;
  }

  async function indexes(holding: string): Promise<{ name: string; definition: string }[]> {
    const { rows } = await fresh.client.query<{ name: string; definition: string }>(
      `SELECT c.relname AS name, pg_get_indexdef(i.indexrelid) AS definition
       FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
       WHERE i.indrelid = 'crm.contacts'::regclass AND i.indisvalid AND EXISTS (
         SELECT FROM pg_attribute a WHERE a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey) AND a.attname = $1)
       ORDER BY 1`,
      [holding],
    );
    return rows;
  }
});
