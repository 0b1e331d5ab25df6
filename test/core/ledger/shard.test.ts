import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ensureLedger } from "../../../core/ledger/schema.ts";
import {
  claimShard,
  countShards,
  createShards,
  nextLeaseEnd,
  releaseShard,
  type ShardJob,
} from "../../../core/ledger/shard.ts";
import { freshDatabase, type FreshDatabase } from "../../support/postgres.ts";

const END_OF_RELATION = 4_294_967_295;

describe("shards", () => {
  let fresh: FreshDatabase;
  let job: ShardJob;
  let plans = 0;

  beforeAll(async () => {
    fresh = await freshDatabase();
    await ensureLedger(fresh.database);
    await fresh.client.query(`CREATE TABLE leads (id int, filler text) WITH (fillfactor = 10);
      CREATE TABLE empty (id int);
      CREATE TABLE deals (id int, region text, filler text) PARTITION BY LIST (region);
      CREATE TABLE deals_eu PARTITION OF deals FOR VALUES IN ('eu');
      CREATE TABLE deals_rest PARTITION OF deals DEFAULT PARTITION BY LIST (region);
      CREATE TABLE "Deals ""US""" PARTITION OF deals_rest FOR VALUES IN ('us');
      INSERT INTO leads SELECT i, repeat('x', 300) FROM generate_series(1, 80) AS i;
      INSERT INTO deals SELECT i, CASE WHEN i % 4 = 0 THEN 'eu' ELSE 'us' END, repeat('x', 500) FROM generate_series(1, 400) AS i`);
  });

  afterAll(() => fresh.close());

  beforeEach(() => {
    plans += 1;
    job = { planHash: `plan-${String(plans)}`, job: "backfill", table: { schema: "public", name: "leads" } };
  });

  const cut = (shardBlocks: number, openEnded = false, of = job): Promise<void> =>
    createShards(fresh.database, of, { shardBlocks, openEnded });
  const claim = (worker = "w", leaseSeconds = 60): ReturnType<typeof claimShard> =>
    claimShard(fresh.database, job, { worker, leaseSeconds });

  async function ranges(relation = job.table.name): Promise<[number, number | null][]> {
    const { rows } = await fresh.client.query<{ from_block: string; to_block: string | null }>(
      `SELECT from_block, to_block FROM sluice.shard WHERE plan_hash = $1 AND relation = format('%I', $2::text)::regclass ORDER BY filenode, from_block`,
      [job.planHash, relation],
    );
    return rows.map((row) => [Number(row.from_block), row.to_block === null ? null : Number(row.to_block)]);
  }

  async function blocks(relation: string): Promise<number> {
    const { rows } = await fresh.client.query<{ n: number }>(
      `SELECT (pg_relation_size(format('%I', $1::text)::regclass) / 8192)::int AS n`,
      [relation],
    );
    return rows[0]?.n ?? -1;
  }

  describe("are cut", () => {
    it.each([1, 7, 16, 10_000])("%i blocks each, so that every block is in exactly one", async (size) => {
      await cut(size);
      const total = await blocks("leads");
      expect(total).toBeGreaterThan(20);
      const found = await ranges();
      expect(found).toHaveLength(Math.ceil(total / size));
      expect(found[0]?.[0]).toBe(0);
      expect(found.at(-1)?.[1]).toBe(total);
      found.slice(1).forEach(([from], index) => expect(from).toBe(found[index]?.[1]));
    });

    it("with the last one open where the job must see what is added meanwhile", async () => {
      await cut(16, true);
      const found = await ranges();
      expect(found.filter(([, to]) => to === null)).toEqual([found.at(-1)]);
      expect(found).toHaveLength(Math.ceil((await blocks("leads")) / 16));
    });

    it("once: a repeated call, or two at the same moment, change nothing", async () => {
      await Promise.all([cut(16), cut(16), cut(16)]);
      const first = await ranges();
      await cut(5);
      expect(await ranges()).toEqual(first);
    });

    it("for an empty table into none, or into one open one", async () => {
      job = { ...job, table: { schema: "public", name: "empty" } };
      await cut(16);
      expect(await countShards(fresh.database, job)).toEqual({ pending: 0, total: 0 });
      await cut(16, true, { ...job, job: "proof" });
      expect(await ranges()).toEqual([[0, null]]);
    });

    it("for each leaf partition, at any level, and for nothing else", async () => {
      job = { ...job, table: { schema: "public", name: "deals" } };
      await cut(8);
      for (const leaf of ["deals_eu", `Deals "US"`]) {
        expect((await ranges(leaf)).at(-1)?.[1]).toBe(await blocks(leaf));
      }
      const { rows } = await fresh.client.query(
        `SELECT count(DISTINCT relation)::int AS n FROM sluice.shard WHERE plan_hash = $1`,
        [job.planHash],
      );
      expect(rows).toEqual([{ n: 2 }]);
      expect((await claimShard(fresh.database, job, { worker: "w", leaseSeconds: 60 }))?.relationName).toBe(
        "public.deals_eu",
      );
    });

    it("for a partition that came later, and for a table that was rewritten: what was done before does not count", async () => {
      await fresh.client.query(
        `CREATE TABLE moved (id int, filler text); INSERT INTO moved SELECT i, repeat('x', 800) FROM generate_series(1, 100) AS i`,
      );
      job = { ...job, table: { schema: "public", name: "moved" } };
      await cut(4);
      await fresh.client.query(`UPDATE sluice.shard SET done_at = now() WHERE plan_hash = $1`, [job.planHash]);
      const before = await countShards(fresh.database, job);
      expect(before.pending).toBe(0);
      await fresh.client.query(`VACUUM FULL moved`);
      await cut(4);
      expect(await countShards(fresh.database, job)).toEqual({ pending: before.total, total: before.total });
    });

    it("for each plan and job apart", async () => {
      await cut(16);
      const other = { ...job, job: "validate-before-cutover@run" };
      expect(await countShards(fresh.database, other)).toEqual({ pending: 0, total: 0 });
      await cut(16, true, other);
      expect((await countShards(fresh.database, other)).pending).toBe((await countShards(fresh.database, job)).pending);
    });
  });

  describe("are claimed", () => {
    it("one after the other, in the order of the blocks, each by one worker", async () => {
      await cut(16);
      const { total } = await countShards(fresh.database, job);
      const claimed = await Promise.all(Array.from({ length: total + 3 }, (_, worker) => claim(String(worker))));
      const starts = claimed.flatMap((shard) => (shard ? [shard.fromBlock] : [])).sort((a, b) => a - b);
      expect(starts).toEqual((await ranges()).map(([from]) => from));
      expect(claimed.filter((shard) => shard === undefined)).toHaveLength(3);
    });

    it("without waiting for a worker that is claiming one at this moment", { timeout: 10_000 }, async () => {
      await cut(16);
      const claiming = await fresh.connect();
      await claiming.query("BEGIN");
      await claiming.query(`SELECT FROM sluice.shard WHERE plan_hash = $1 AND from_block = 0 FOR UPDATE`, [
        job.planHash,
      ]);
      expect(await claim()).toMatchObject({ fromBlock: 16 });
      await claiming.query("ROLLBACK");
      expect(await claim()).toMatchObject({ fromBlock: 0 });
    });

    it("from where the last owner stopped, under a new token", async () => {
      await cut(10_000);
      const first = await claim("first", 0);
      await fresh.client.query(`UPDATE sluice.shard SET next_block = 9 WHERE plan_hash = $1`, [job.planHash]);
      const second = await claim("second");
      expect(second).toMatchObject({
        fromBlock: 0,
        nextBlock: 9,
        relationName: "public.leads",
        toBlock: await blocks("leads"),
      });
      expect(Number(second?.token)).toBe(Number(first?.token) + 1);
    });

    it("to the very end of the relation where they are open", async () => {
      await cut(10_000, true);
      expect(await claim()).toMatchObject({ fromBlock: 0, toBlock: END_OF_RELATION });
    });

    it("not while another's lease runs, and again when that is given back or over", async () => {
      await cut(10_000);
      const shard = await claim("first", 30);
      if (!shard) throw new Error("a shard is free");
      expect(await claim("second")).toBeUndefined();
      expect(await nextLeaseEnd(fresh.database, job)).toBeGreaterThan(20);
      expect(await nextLeaseEnd(fresh.database, job)).toBeLessThanOrEqual(30);
      await releaseShard(fresh.database, job, shard);
      expect(await nextLeaseEnd(fresh.database, job)).toBe(0);
      const successor = await claim("second", 0);
      expect(successor).toMatchObject({ fromBlock: 0 });
      expect(await claim("third")).toMatchObject({ fromBlock: 0 });
    });

    it("and given back by their owner only: a zombie releases nothing", async () => {
      await cut(10_000);
      const zombie = await claim("zombie", 0);
      if (!zombie) throw new Error("a shard is free");
      await claim("owner");
      await releaseShard(fresh.database, job, zombie);
      expect(await claim("third")).toBeUndefined();
    });

    it("never where the relation was rewritten after it was cut", async () => {
      await fresh.client.query(`CREATE TABLE rewritten AS SELECT i AS id FROM generate_series(1, 100) AS i`);
      job = { ...job, table: { schema: "public", name: "rewritten" } };
      await cut(16);
      await fresh.client.query(`VACUUM FULL rewritten`);
      expect(await claim()).toBeUndefined();
    });

    it("never when they are done", async () => {
      await cut(10_000);
      await fresh.client.query(`UPDATE sluice.shard SET done_at = now() WHERE plan_hash = $1`, [job.planHash]);
      expect(await claim()).toBeUndefined();
      expect(await countShards(fresh.database, job)).toEqual({ pending: 0, total: 1 });
    });
  });
});
