import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { GateFailed } from "../../../../core/errors.ts";
import { requireProofStands } from "../../../../core/run/contract/proof-stands.ts";
import { freshDatabase, type FreshDatabase } from "../../../support/postgres.ts";
import { Stage } from "../stage.ts";

const TRIGGER = `"~sluice_update"`;

describe("the proof before contract", () => {
  let fresh: FreshDatabase;
  let stage: Stage;

  beforeEach(async () => {
    fresh = await freshDatabase();
    await fresh.client
      .query(`CREATE TABLE contacts (id int, region text, lead_source text, note text) PARTITION BY LIST (region);
      CREATE TABLE eu PARTITION OF contacts FOR VALUES IN ('eu') PARTITION BY RANGE (id);
      CREATE TABLE eu_low PARTITION OF eu FOR VALUES FROM (0) TO (100);
      CREATE TABLE us PARTITION OF contacts FOR VALUES IN ('us');
      INSERT INTO contacts SELECT i, CASE i % 2 WHEN 0 THEN 'eu' ELSE 'us' END, 'source ' || i FROM generate_series(1, 90) AS i`);
    stage = await Stage.begin(fresh);
    await stage.flow.expand();
    await stage.flow.backfill();
    await stage.reach("cooling");
    await stage.flow.validate("validate-before-contract");
  });

  afterEach(() => fresh.close());

  const look = (): Promise<void> => requireProofStands(fresh.database, stage.run);

  it("stands while the application writes", async () => {
    await fresh.client.query(`UPDATE contacts SET lead_source = 'web' WHERE id < 50;
      UPDATE contacts SET acquisition_channel = 'mail' WHERE id > 50; INSERT INTO contacts VALUES (3, 'eu', 'fair')`);
    await look();
  });

  it.each([
    ["VACUUM FULL", `VACUUM FULL us`],
    ["a partition that was created", `CREATE TABLE asia PARTITION OF contacts FOR VALUES IN ('asia')`],
    [
      "a deeper partition that was created, and written",
      `CREATE TABLE eu_high PARTITION OF eu FOR VALUES FROM (100) TO (200); INSERT INTO contacts VALUES (150, 'eu', 'fair')`,
    ],
    [
      "a partition that was attached, empty",
      `CREATE TABLE asia (LIKE contacts); ALTER TABLE contacts ATTACH PARTITION asia FOR VALUES IN ('asia')`,
    ],
    [
      "a partition that was attached, in agreement",
      `CREATE TABLE asia (LIKE contacts); INSERT INTO asia VALUES (1, 'asia', 'web', NULL, 'web');
       ALTER TABLE contacts ATTACH PARTITION asia FOR VALUES IN ('asia')`,
    ],
    ["a partition that is gone", `DROP TABLE us`],
  ])("stands after %s", async (_, change) => {
    for (const statement of change.split(";")) await fresh.client.query(statement);
    await look();
  });

  it.each([
    [
      "a trigger was disabled",
      `ALTER TABLE us DISABLE TRIGGER ${TRIGGER}`,
      `trigger ${TRIGGER} on public.us is disabled`,
    ],
    [
      "a trigger was disabled and enabled again",
      `ALTER TABLE us DISABLE TRIGGER ${TRIGGER}; ALTER TABLE us ENABLE ALWAYS TRIGGER ${TRIGGER}`,
      `trigger ${TRIGGER} on public.us was altered or made anew after the proof had begun`,
    ],
    [
      "all of them were, on the table",
      `BEGIN; ALTER TABLE contacts DISABLE TRIGGER ${TRIGGER}; ALTER TABLE contacts ENABLE ALWAYS TRIGGER ${TRIGGER}; COMMIT`,
      `trigger ${TRIGGER} on public.contacts was altered or made anew after the proof had begun, trigger ${TRIGGER} on public.eu `,
    ],
    [
      "a trigger was altered in the transaction that created another partition",
      `BEGIN; ALTER TABLE us DISABLE TRIGGER ${TRIGGER}; ALTER TABLE us ENABLE ALWAYS TRIGGER ${TRIGGER};
       CREATE TABLE asia PARTITION OF contacts FOR VALUES IN ('asia'); COMMIT`,
      `trigger ${TRIGGER} on public.us was altered`,
    ],
    [
      "a partition was attached whose rows differ",
      `CREATE TABLE asia (LIKE contacts); INSERT INTO asia VALUES (1, 'asia', 'web', NULL, NULL);
       ALTER TABLE contacts ATTACH PARTITION asia FOR VALUES IN ('asia')`,
      "relation public.asia came after the proof, and has rows that differ",
    ],
  ])("does not where %s", async (_, change, problem) => {
    await fresh.client.query(change);
    await expect(look()).rejects.toThrow(GateFailed);
    await expect(look()).rejects.toThrow(problem);
  });

  it("does not mind what was altered before it began: it has read what came of that", async () => {
    await fresh.client.query(
      `ALTER TABLE us DISABLE TRIGGER ${TRIGGER}; ALTER TABLE us ENABLE ALWAYS TRIGGER ${TRIGGER}`,
    );
    await expect(look()).rejects.toThrow(GateFailed);
    await fresh.client.query(`DELETE FROM sluice.shard WHERE job LIKE 'validate%'; DELETE FROM sluice."check"`);
    await stage.flow.validate("validate-before-contract");
    await look();
  });

  it("does not where a relation that came after it cannot be read", async () => {
    await fresh.client.query(`CREATE TABLE asia PARTITION OF contacts FOR VALUES IN ('asia')`);
    const { plan } = stage.run;
    const validation = { ...plan.validation, differs: "SELECT 1 / 0 AS differs FROM (VALUES (1)) AS t" };
    await expect(requireProofStands(fresh.database, { ...stage.run, plan: { ...plan, validation } })).rejects.toThrow(
      /relation public\.asia came after the proof, and could not be read/,
    );
  });
});
