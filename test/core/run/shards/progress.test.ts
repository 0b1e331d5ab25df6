import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { claimShard } from "../../../../core/ledger/shard.ts";
import { sendBatch } from "../../../../core/ledger/batch.ts";
import { readProgress, type Progress } from "../../../../core/run/shards/progress.ts";
import { shards } from "../../../../core/run/shards/shards.ts";
import { freshDatabase, type FreshDatabase } from "../../../support/postgres.ts";
import { createContacts, Stage } from "../stage.ts";

describe("progress", () => {
  let fresh: FreshDatabase;
  let stage: Stage;

  beforeEach(async () => {
    fresh = await freshDatabase();
    await createContacts(fresh, 6_000);
    stage = await Stage.begin(fresh, {
      backfill: { shard_blocks: 16, batch: { initial_blocks: 8 } },
      validate: { shard_blocks: 16 },
    });
    await stage.flow.expand();
  });

  afterEach(() => fresh.close());

  const read = (runId = stage.run.ref.id): Promise<readonly Progress[]> =>
    readProgress(fresh.database, { planHash: stage.run.plan.hash, runId });

  async function blocks(): Promise<number> {
    const { rows } = await fresh.client.query<{ n: number }>(`SELECT (pg_relation_size('contacts') / 8192)::int AS n`);
    return rows[0]?.n ?? -1;
  }

  it("has nothing before the table was cut into shards", async () => {
    expect(await read()).toEqual([]);
  });

  it("counts shards and blocks, and gives no time left before there is a rate", async () => {
    await shards(stage.ports, stage.run, "backfill");
    const total = await blocks();
    expect(await read()).toEqual([
      {
        job: "backfill",
        shards: { done: 0, total: Math.ceil(total / 16) },
        blocks: { done: 0, total },
        rowsSynced: 0,
        rowsPerSecond: 0,
        mismatches: 0,
      },
    ]);
  });

  it("gives the time left in proportion to the blocks left", async () => {
    await shards(stage.ports, stage.run, "backfill");
    const job = stage.flow.job("backfill");
    const shard = await claimShard(fresh.database, job, { worker: "w", leaseSeconds: 60 });
    if (!shard) throw new Error("a shard is free");
    const limits = { lockTimeoutMs: 100, leaseSeconds: 60 };
    const { update } = stage.run.plan.backfill;
    const { rows } = await sendBatch(fresh.database, update, { job, shard, fromBlock: 0, toBlock: 8, ...limits });
    // As if the work had begun 100 s ago: 8 blocks in 100 s.
    await fresh.client.query(
      `UPDATE sluice.shard SET started_at = clock_timestamp() - interval '100 s' WHERE started_at IS NOT NULL`,
    );
    const total = (await read())[0]?.blocks.total ?? 0;
    const [progress] = await read();
    expect(progress).toMatchObject({ shards: { done: 0 }, blocks: { done: 8 }, rowsSynced: rows });
    expect(progress?.rowsPerSecond).toBeGreaterThan(0);
    expect(progress?.rowsPerSecond).toBeLessThanOrEqual(Math.round(rows / 100));
    const wanted = ((total - 8) / 8) * 100;
    expect(progress?.etaSeconds).toBeGreaterThanOrEqual(Math.floor(wanted));
    expect(progress?.etaSeconds).toBeLessThan(wanted * 1.2);
  });

  it("has no time left when the job is done, and a rate that no longer falls", async () => {
    await stage.flow.backfill();
    const [progress] = await read();
    expect(progress?.shards.done).toBe(progress?.shards.total);
    expect(progress?.blocks.done).toBe(progress?.blocks.total);
    expect(progress).toMatchObject({ rowsSynced: 4_500 });
    expect(progress).not.toHaveProperty("etaSeconds");
    await fresh.client.query(
      `UPDATE sluice.shard SET started_at = started_at - interval '1 h', done_at = done_at - interval '1 h'`,
    );
    expect((await read())[0]?.rowsPerSecond).toBe(progress?.rowsPerSecond);
  });

  it("lists the jobs in the order in which they began, with the mismatches that a proof found", async () => {
    await stage.flow.backfill();
    await fresh.client.query(
      `ALTER TABLE contacts DISABLE TRIGGER USER; UPDATE contacts SET acquisition_channel = 'x' WHERE id <= 3`,
    );
    await expect(stage.flow.validate()).rejects.toMatchObject({ name: "DivergenceFound" });
    const progress = await read();
    expect(progress.map(({ job, mismatches }) => [job, mismatches])).toEqual([
      ["backfill", 0],
      ["validate-before-cutover", 3],
    ]);
    expect(progress[1]?.shards.done).toBe(progress[1]?.shards.total);
  });

  it("leaves out what was found in a table that has been rewritten since", async () => {
    await stage.flow.backfill();
    await fresh.client.query(
      `ALTER TABLE contacts DISABLE TRIGGER USER; UPDATE contacts SET acquisition_channel = 'x' WHERE id <= 3`,
    );
    await expect(stage.flow.validate()).rejects.toMatchObject({ name: "DivergenceFound" });
    await fresh.client.query(`UPDATE contacts SET acquisition_channel = lead_source WHERE id <= 3`);
    await fresh.client.query(`VACUUM FULL contacts`);
    await stage.flow.validate();
    expect((await read()).find(({ job }) => job === "validate-before-cutover")).toMatchObject({ mismatches: 0 });
  });

  it("shows a run its own proofs, and not those of a run whose name looks alike", async () => {
    await stage.flow.backfill();
    await stage.flow.validate();
    expect((await read()).map(({ job }) => job)).toEqual(["backfill", "validate-before-cutover"]);
    // `_` is a wildcard of LIKE, and a letter of execution names.
    expect((await read(stage.run.ref.id.replace("-", "_"))).map(({ job }) => job)).toEqual(["backfill"]);
  });
});
