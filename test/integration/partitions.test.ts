import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Database } from "../../core/ports.ts";
import { backfill } from "../../core/run/shards/backfill.ts";
import { shards } from "../../core/run/shards/shards.ts";
import { validate } from "../../core/run/shards/validate.ts";
import { judgeValidation } from "../../core/run/shards/validation-result.ts";
import { Flow, untilDone } from "../support/flow.ts";
import { freshDatabase, type FreshDatabase } from "../support/postgres.ts";

const MIGRATION = {
  migration: "rename",
  description: "test",
  database: "test",
  operations: [{ rename_column: { table: "public.contacts", from: "lead_source", to: "acquisition_channel" } }],
  backfill: { shard_blocks: 16, batch: { initial_blocks: 1 } },
};

describe("a partitioned table whose partitions come and go", () => {
  let fresh: FreshDatabase;
  let flow: Flow;

  beforeEach(async () => {
    fresh = await freshDatabase();
    await fresh.client.query(`
      CREATE TABLE contacts (id bigint, region text, lead_source text) PARTITION BY LIST (region);
      CREATE TABLE contacts_eu PARTITION OF contacts FOR VALUES IN ('eu');
      CREATE TABLE contacts_us PARTITION OF contacts FOR VALUES IN ('us');
      INSERT INTO contacts SELECT i, CASE WHEN i % 2 = 0 THEN 'eu' ELSE 'us' END, 'source ' || i FROM generate_series(1, 4000) AS i`);
    flow = await Flow.begin(fresh.database, MIGRATION);
    await flow.expand();
  });

  afterEach(() => fresh.close());

  it.each([
    ["attached", "ALTER TABLE contacts ATTACH PARTITION late FOR VALUES IN ('late')"],
    ["rewritten", "VACUUM FULL contacts_us"],
  ])("are not proven by the others: one that is %s after the workers ended stops the run", async (_, change) => {
    await fresh.client.query(`CREATE TABLE late (LIKE contacts)`);
    await fresh.client.query(`INSERT INTO late (id, region, lead_source) VALUES (1, 'late', 'x')`);
    await flow.backfill();
    const job = "validate-before-cutover";
    await shards(flow.ports, flow.run, job);
    await untilDone(() => validate(flow.ports, flow.run, { worker: 0, job }));
    expect((await shards(flow.ports, flow.run, job)).status).toBe("done");
    await fresh.client.query(change);
    await expect(judgeValidation(flow.ports, flow.run, job)).rejects.toMatchObject({ name: "ValidationIncomplete" });
  });

  it.each([
    ["dropped", "DROP TABLE contacts_eu"],
    ["renamed", "ALTER TABLE contacts_eu RENAME TO contacts_europe; UPDATE sluice.shard SET lease_until = NULL"],
  ])("do not end the run when one is %s under a worker's hands", async (_, change) => {
    await flow.enter("backfill");
    await shards(flow.ports, flow.run, "backfill");
    let batches = 0;
    const database: Database = {
      transaction: (work) => fresh.database.transaction(work),
      executeLong: (statement) => fresh.database.executeLong(statement),
      execute: async (statement) => {
        if (statement.text.startsWith("WITH claim") && (batches += 1) === 2) await fresh.client.query(change);
        return fresh.database.execute(statement);
      },
    };
    const impatient = async (): ReturnType<typeof backfill> => {
      const result = await backfill({ ...flow.ports, database }, flow.run, 0);
      if (result.status === "wait") await fresh.client.query("UPDATE sluice.shard SET lease_until = NULL");
      return result;
    };
    await untilDone(impatient);
    expect(batches).toBeGreaterThan(2);
    const { rows } = await fresh.client.query(
      `SELECT count(*)::int AS n FROM contacts WHERE lead_source IS DISTINCT FROM acquisition_channel`,
    );
    expect(rows).toEqual([{ n: 0 }]);
    expect((await flow.validate()).mismatches).toBe(0);
  });
});
