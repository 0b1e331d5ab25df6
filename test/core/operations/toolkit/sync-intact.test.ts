import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { failedPreconditions } from "../../../../core/run/ddl/step-requirement.ts";
import { freshDatabase, type FreshDatabase } from "../../../support/postgres.ts";
import { expand } from "../expanded-table.ts";

const RENAME = { table: "crm.contacts", from: "source", to: "channel" };
const LAST = `"~sluice_update"`;

describe("what contract requires of the sync triggers", () => {
  let fresh: FreshDatabase;

  beforeAll(async () => {
    fresh = await freshDatabase();
  });

  afterAll(() => fresh.close());

  beforeEach(() => fresh.client.query(`DROP SCHEMA IF EXISTS crm, sluice CASCADE; CREATE SCHEMA crm`));

  /** Through the Data API, as a run asks it. */
  async function problems(plan: Awaited<ReturnType<typeof expand>>): Promise<readonly string[]> {
    const [step] = plan.contract;
    if (!step?.requires) throw new Error("contract requires something");
    return failedPreconditions(fresh.database, step.requires);
  }

  describe("of an ordinary table", () => {
    beforeEach(() => fresh.client.query(`CREATE TABLE crm.contacts (id int PRIMARY KEY, source text)`));

    it("holds as expand made them", async () => {
      expect(await problems(await expand(fresh, RENAME))).toEqual([]);
    });

    it.each([
      ["is disabled", `ALTER TABLE crm.contacts DISABLE TRIGGER ${LAST}`, "is disabled"],
      ["spares sessions in replica mode", `ALTER TABLE crm.contacts ENABLE TRIGGER ${LAST}`, "does not fire in every"],
      ["fires in replica mode only", `ALTER TABLE crm.contacts ENABLE REPLICA TRIGGER ${LAST}`, "does not fire in ev"],
      ["was dropped", `DROP TRIGGER ${LAST} ON crm.contacts`, "is missing"],
      ["was renamed", `ALTER TRIGGER ${LAST} ON crm.contacts RENAME TO other`, "is missing"],
      [
        "was put in place of",
        `DROP TRIGGER ${LAST} ON crm.contacts;
         CREATE TRIGGER ${LAST} BEFORE UPDATE ON crm.contacts FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger();
         ALTER TABLE crm.contacts ENABLE ALWAYS TRIGGER ${LAST}`,
        "calls another function",
      ],
    ])("does not where one %s", async (_, change, problem) => {
      const plan = await expand(fresh, RENAME);
      await fresh.client.query(change);
      expect(await problems(plan)).toEqual([expect.stringContaining(`trigger ${LAST} on crm.contacts ${problem}`)]);
    });

    it("does not where all were disabled at once", async () => {
      const plan = await expand(fresh, RENAME);
      await fresh.client.query(`ALTER TABLE crm.contacts DISABLE TRIGGER ALL`);
      expect(await problems(plan)).toHaveLength(4);
    });

    it("does not where a function does something else now", async () => {
      const plan = await expand(fresh, RENAME);
      await fresh.client.query(
        `CREATE OR REPLACE FUNCTION sluice.sync_last_crm_contacts() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'`,
      );
      expect(await problems(plan)).toEqual(
        ["insert", "update"].map(
          (event) => `trigger "~sluice_${event}" on crm.contacts calls another function than it was made with`,
        ),
      );
    });
  });

  describe("of a partitioned table", () => {
    beforeEach(() =>
      fresh.client.query(`CREATE TABLE crm.contacts (id int, region text, source text) PARTITION BY LIST (region);
        CREATE TABLE crm.eu PARTITION OF crm.contacts FOR VALUES IN ('eu') PARTITION BY RANGE (id);
        CREATE TABLE crm.eu_low PARTITION OF crm.eu FOR VALUES FROM (0) TO (100);
        CREATE TABLE crm.us PARTITION OF crm.contacts FOR VALUES IN ('us')`),
    );

    it("holds as expand made them, and with partitions that came after it, made so or attached", async () => {
      const plan = await expand(fresh, RENAME);
      await fresh.client.query(`CREATE TABLE crm.asia PARTITION OF crm.contacts FOR VALUES IN ('asia');
        CREATE TABLE crm.eu_high PARTITION OF crm.eu FOR VALUES FROM (100) TO (200);
        CREATE TABLE crm.attached (LIKE crm.contacts);
        ALTER TABLE crm.contacts ATTACH PARTITION crm.attached FOR VALUES IN ('africa')`);
      expect(await problems(plan)).toEqual([]);
    });

    it("does not where one partition's is disabled", async () => {
      const plan = await expand(fresh, RENAME);
      await fresh.client.query(`ALTER TABLE crm.eu_low DISABLE TRIGGER ${LAST}`);
      expect(await problems(plan)).toEqual([`trigger ${LAST} on crm.eu_low is disabled`]);
    });
  });

  it("names any table, column and function as they are", async () => {
    const table = { schema: `C.rm "x"`, name: `it's :p1 \\ $$` };
    const quoted = `"C.rm ""x"""."it's :p1 \\ $$"`;
    await fresh.client.query(`CREATE SCHEMA "C.rm ""x"""; CREATE TABLE ${quoted} (id int, "So'urce :x" text)`);
    try {
      const plan = await expand(fresh, { table, from: "So'urce :x", to: `chan\\nel ${"x".repeat(40)}` });
      expect(await problems(plan)).toEqual([]);
      await fresh.client.query(`ALTER TABLE ${quoted} DISABLE TRIGGER ALL`);
      expect(await problems(plan)).toHaveLength(4);
    } finally {
      await fresh.client.query(`DROP SCHEMA "C.rm ""x""" CASCADE`);
    }
  });
});
