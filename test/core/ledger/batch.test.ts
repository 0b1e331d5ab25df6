import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { sendBatch, type Batch } from "../../../core/ledger/batch.ts";
import { isLockConflict } from "../../../core/ledger/lock-conflict.ts";
import { claimShard, createShards, type ClaimedShard, type ShardJob } from "../../../core/ledger/shard.ts";
import { Flow } from "../../support/flow.ts";
import { freshDatabase, type FreshDatabase } from "../../support/postgres.ts";

describe("a batch", () => {
  let fresh: FreshDatabase;
  let flow: Flow;

  beforeEach(async () => {
    fresh = await freshDatabase();
    await fresh.client.query(
      `CREATE TABLE leads (id int PRIMARY KEY, old text, tenant int, note text) WITH (fillfactor = 50)`,
    );
    await fresh.client.query(
      `INSERT INTO leads SELECT i, CASE WHEN i % 4 > 0 THEN 'source ' || i % 9 END, i % 3, repeat('x', 200) FROM generate_series(1, 400) AS i`,
    );
    flow = await Flow.begin(fresh.database, {
      migration: "rename",
      description: "test",
      database: "test",
      operations: [{ rename_column: { table: "public.leads", from: "old", to: "new" } }],
      validate: { segments: ["tenant"] },
    });
    await flow.expand();
  });

  afterEach(() => fresh.close());

  async function claimed(job: ShardJob, openEnded = false): Promise<ClaimedShard> {
    await createShards(fresh.database, job, { shardBlocks: 10_000, openEnded });
    const shard = await claimShard(fresh.database, job, { worker: "w", leaseSeconds: 10 });
    if (!shard) throw new Error("a shard is free");
    return shard;
  }

  const send = (
    batch: Omit<Batch, "lockTimeoutMs" | "leaseSeconds">,
    template = flow.run.plan.backfill.update,
  ): ReturnType<typeof sendBatch> =>
    sendBatch(fresh.database, template, { ...batch, lockTimeoutMs: 50, leaseSeconds: 1_000 });

  async function ledger(job: ShardJob): Promise<Record<string, unknown>> {
    const { rows } = await fresh.client.query<Record<string, unknown>>(
      `SELECT next_block::float8, rows_changed::int, batches::int, done_at IS NOT NULL AS done,
         extract(epoch FROM lease_until - clock_timestamp()) > 500 AS leased FROM sluice.shard WHERE (plan_hash, job) = ($1, $2)`,
      [job.planHash, job.job],
    );
    return rows[0] ?? {};
  }

  async function unsynced(where = "true"): Promise<number> {
    const { rows } = await fresh.client.query<{ n: number }>(
      `SELECT count(*)::int AS n FROM leads WHERE new IS DISTINCT FROM old AND ${where}`,
    );
    return rows[0]?.n ?? -1;
  }

  describe("of the backfill", () => {
    let job: ShardJob;
    let shard: ClaimedShard;

    beforeEach(async () => {
      job = flow.job("backfill");
      shard = await claimed(job);
    });

    it("writes the rows of its blocks and no others, moves the cursor and renews the lease", async () => {
      const inside = "ctid < '(3,0)'";
      const wanted = await unsynced(inside);
      expect(wanted).toBeGreaterThan(10);
      const before = await unsynced();
      expect(await send({ job, shard, fromBlock: 0, toBlock: 3 })).toEqual({ claimed: true, rows: wanted });
      expect(await unsynced(inside)).toBe(0);
      expect(await unsynced()).toBe(before - wanted);
      expect(await ledger(job)).toEqual({ next_block: 3, rows_changed: wanted, batches: 1, done: false, leased: true });
    });

    it("ends the shard with its last block", async () => {
      await send({ job, shard, fromBlock: 0, toBlock: shard.toBlock });
      expect(await ledger(job)).toMatchObject({ next_block: shard.toBlock, done: true });
      expect(await unsynced()).toBe(0);
    });

    it("leaves rows alone that agree already: their versions stay", async () => {
      await fresh.client.query(`UPDATE leads SET note = 'written by the application' WHERE id <= 5`);
      const version = async (): Promise<unknown[]> =>
        (await fresh.client.query(`SELECT xmin FROM leads WHERE id <= 5 ORDER BY id`)).rows;
      const before = await version();
      await send({ job, shard, fromBlock: 0, toBlock: shard.toBlock });
      expect(await version()).toEqual(before);
    });

    it("writes nothing from another cursor than the ledger's, ahead of it or behind", async () => {
      await send({ job, shard, fromBlock: 0, toBlock: 3 });
      const before = [await unsynced(), await ledger(job)];
      expect(await send({ job, shard, fromBlock: 5, toBlock: 6 })).toEqual({ claimed: false, rows: 0 });
      expect(await send({ job, shard, fromBlock: 0, toBlock: 6 })).toEqual({ claimed: false, rows: 0 });
      expect([await unsynced(), await ledger(job)]).toEqual(before);
    });

    it("waits for a row no longer than lock_timeout, and then has written nothing", async () => {
      const holder = await fresh.connect();
      await holder.query("BEGIN; SELECT FROM leads WHERE id = 10 FOR UPDATE");
      const before = await unsynced();
      const refused = send({ job, shard, fromBlock: 0, toBlock: shard.toBlock });
      await expect(refused).rejects.toMatchObject({ name: "DatabaseError", sqlState: "55P03" });
      expect(await refused.catch(isLockConflict)).toBe(true);
      await holder.query("ROLLBACK");
      expect(await unsynced()).toBe(before);
      expect(await ledger(job)).toMatchObject({ next_block: 0, batches: 0 });
    });
  });

  describe("of a proof", () => {
    let job: ShardJob;

    beforeEach(() => {
      job = flow.job("validate-before-cutover");
    });

    async function findings(): Promise<unknown[]> {
      const { rows } = await fresh.client.query(
        `SELECT segment, rows::int, old_nulls::int, new_nulls::int, mismatches::int, old_hash = new_hash AS hashes_agree
         FROM sluice."check" WHERE job = $1 ORDER BY segment`,
        [job.job],
      );
      return rows;
    }

    it("counts by segment what the rows hold, and changes none of them", async () => {
      await flow.backfill();
      await fresh.client.query(`ALTER TABLE leads DISABLE TRIGGER USER`);
      await fresh.client.query(
        `UPDATE leads SET new = NULL WHERE id = 1; UPDATE leads SET new = 'x' WHERE id IN (4, 8)`,
      );
      const shard = await claimed(job, true);
      const sent = await send({ job, shard, fromBlock: 0, toBlock: shard.toBlock }, flow.run.plan.validation.scan);
      expect(sent).toEqual({ claimed: true, rows: 400 });
      const { rows: expected } = await fresh.client.query(
        `SELECT jsonb_build_object('tenant', tenant)::text AS segment, count(*)::int AS rows, count(*) FILTER (WHERE old IS NULL)::int AS old_nulls,
           count(*) FILTER (WHERE new IS NULL)::int AS new_nulls, count(*) FILTER (WHERE old IS DISTINCT FROM new)::int AS mismatches,
           bool_and(old IS NOT DISTINCT FROM new) AS hashes_agree FROM leads GROUP BY tenant ORDER BY 1`,
      );
      expect(await findings()).toEqual(expected);
      expect(expected.map((row: { mismatches: number }) => row.mismatches)).toEqual([0, 2, 1]);
      expect(await ledger(job)).toMatchObject({ done: true, rows_changed: 0 });
    });

    it("reads rows that were added after the shards were cut, to the end of the relation", async () => {
      await flow.backfill();
      const shard = await claimed(job, true);
      await fresh.client.query(
        `INSERT INTO leads SELECT i, 'late', 0, repeat('x', 500) FROM generate_series(1000, 1300) AS i`,
      );
      const sent = await send({ job, shard, fromBlock: 0, toBlock: shard.toBlock }, flow.run.plan.validation.scan);
      expect(sent.rows).toBe(701);
    });

    it("records its findings once, although it is sent twice", async () => {
      await flow.backfill();
      const shard = await claimed(job, true);
      const { scan } = flow.run.plan.validation;
      await send({ job, shard, fromBlock: 0, toBlock: shard.toBlock }, scan);
      const first = await findings();
      expect(await send({ job, shard, fromBlock: 0, toBlock: shard.toBlock }, scan)).toEqual({
        claimed: false,
        rows: 0,
      });
      expect(await findings()).toEqual(first);
    });

    it("finds values that were swapped between rows, which counts of values alone would not", async () => {
      await flow.backfill();
      await fresh.client.query(`ALTER TABLE leads DISABLE TRIGGER USER`);
      await fresh.client.query(
        `UPDATE leads SET new = CASE id WHEN 3 THEN 'source 6' ELSE 'source 3' END WHERE id IN (3, 6)`,
      );
      const shard = await claimed(job, true);
      await send({ job, shard, fromBlock: 0, toBlock: shard.toBlock }, flow.run.plan.validation.scan);
      expect(await findings()).toContainEqual(expect.objectContaining({ mismatches: 2 }));
    });
  });
});
