import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { sendBatch } from "../../core/ledger/batch.ts";
import { claimShard, createShards } from "../../core/ledger/shard.ts";
import { StatementTimeout } from "../../core/errors.ts";
import type { Database } from "../../core/ports.ts";
import { backfill } from "../../core/run/shards/backfill.ts";
import { shards } from "../../core/run/shards/shards.ts";
import { Flow, pause, untilDone } from "../support/flow.ts";
import { freshDatabase, type FreshDatabase } from "../support/postgres.ts";

const HISTORY = 8_000;

const MIGRATION = {
  migration: "rename",
  description: "test",
  database: "test",
  operations: [{ rename_column: { table: "public.contacts", from: "lead_source", to: "acquisition_channel" } }],
  locks: { timeout: "100ms", attempts: 1_000 },
  backfill: { shard_blocks: 16, batch: { initial_blocks: 1 } },
};

describe("when something dies, repeats or comes late", () => {
  let fresh: FreshDatabase;
  let flow: Flow;

  beforeEach(async () => {
    fresh = await freshDatabase();
    await fresh.client.query(`CREATE TABLE contacts (id bigint PRIMARY KEY, lead_source text, note text)`);
    await fresh.client.query(
      `INSERT INTO contacts SELECT i, CASE WHEN i % 4 > 0 THEN 'source ' || i % 9 END, repeat('x', 60) FROM generate_series(1, $1) AS i`,
      [HISTORY],
    );
    flow = await Flow.begin(fresh.database, MIGRATION);
    await flow.expand();
  });

  afterEach(() => fresh.close());

  async function count(where: string): Promise<number> {
    const { rows } = await fresh.client.query<{ n: number }>(`SELECT count(*)::int AS n FROM ${where}`);
    return rows[0]?.n ?? -1;
  }

  const disagreeing = (): Promise<number> => count("contacts WHERE lead_source IS DISTINCT FROM acquisition_channel");
  const sum = async (column: string): Promise<number> => {
    const { rows } = await fresh.client.query<{ n: number }>(
      `SELECT sum(${column})::int AS n FROM sluice.shard WHERE job = 'backfill'`,
    );
    return rows[0]?.n ?? -1;
  };
  /** Rows with a value: those are all that the backfill has to write. */
  const toWrite = (): Promise<number> => count("contacts WHERE lead_source IS NOT NULL");

  async function claim(worker: string, leaseSeconds = 60): ReturnType<typeof claimShard> {
    return claimShard(fresh.database, flow.job("backfill"), { worker, leaseSeconds });
  }

  it("writes each row once although workers' connections are killed again and again", async () => {
    const done = new AbortController();
    const killer = (async () => {
      while (!done.signal.aborted) {
        await fresh.client.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
          WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE 'WITH claim%' AND state = 'active'`);
        await pause(15);
      }
    })();
    await flow.enter("backfill");
    const stubborn = (worker: number) => async () => {
      try {
        return await backfill(flow.ports, flow.run, worker);
      } catch {
        // As the state machine does: the step is called again. The lease of the killed worker must run out first.
        await fresh.client.query(
          `UPDATE sluice.shard SET lease_until = clock_timestamp() WHERE lease_until IS NOT NULL`,
        );
        return { status: "more", message: "killed" } as const;
      }
    };
    await shards(flow.ports, flow.run, "backfill");
    await Promise.all([untilDone(stubborn(0)), untilDone(stubborn(1))]);
    done.abort();
    await killer;
    expect(await disagreeing()).toBe(0);
    expect(await sum("rows_changed")).toBe(await toWrite());
  });

  it("writes each row once although every invocation is made twice at the same time", async () => {
    await flow.enter("backfill");
    await shards(flow.ports, flow.run, "backfill");
    const twice = [0, 0, 1, 1].map((worker) => untilDone(() => backfill(flow.ports, flow.run, worker)));
    await Promise.all(twice);
    expect(await disagreeing()).toBe(0);
    expect(await sum("rows_changed")).toBe(await toWrite());
  });

  it("lets a zombie with an old fencing token change nothing", async () => {
    await createShards(fresh.database, flow.job("backfill"), { shardBlocks: 16, openEnded: false });
    const zombie = await claim("zombie", 0);
    const successor = await claim("successor");
    if (!zombie || !successor) throw new Error("both must get the shard");
    expect(successor).toMatchObject({ fromBlock: zombie.fromBlock, relation: zombie.relation });
    const batch = { job: flow.job("backfill"), fromBlock: 0, toBlock: 4, lockTimeoutMs: 100, leaseSeconds: 60 };
    const { update } = flow.run.plan.backfill;
    const before = await disagreeing();
    expect(await sendBatch(fresh.database, update, { ...batch, shard: zombie })).toEqual({ claimed: false, rows: 0 });
    expect(await disagreeing()).toBe(before);
    const sent = await sendBatch(fresh.database, update, { ...batch, shard: successor });
    expect(sent).toMatchObject({ claimed: true });
    expect(await disagreeing()).toBe(before - sent.rows);
  });

  it("changes nothing when a batch whose answer was lost is sent again", async () => {
    await createShards(fresh.database, flow.job("backfill"), { shardBlocks: 16, openEnded: false });
    const shard = await claim("worker");
    if (!shard) throw new Error("a shard is free");
    const batch = { job: flow.job("backfill"), shard, fromBlock: 0, toBlock: 4, lockTimeoutMs: 100, leaseSeconds: 60 };
    const { update } = flow.run.plan.backfill;
    const first = await sendBatch(fresh.database, update, batch);
    expect(first.rows).toBeGreaterThan(0);
    expect(await sendBatch(fresh.database, update, batch)).toEqual({ claimed: false, rows: 0 });
    expect(await sum("rows_changed")).toBe(first.rows);
  });

  it("applies a DDL step once although two callers apply it at the same time", async () => {
    await fresh.client.query(`CREATE TABLE deals (id bigint PRIMARY KEY, note text)`);
    const other = await Flow.begin(
      fresh.database,
      {
        ...MIGRATION,
        migration: "other",
        operations: [{ rename_column: { table: "public.deals", from: "note", to: "remark" } }],
      },
      "run-2",
    );
    await other.enter("expand");
    await Promise.all([other.apply(other.run.plan.expand), other.apply(other.run.plan.expand)]);
    expect(await count("sluice.step WHERE run_id = 'run-2'")).toBe(other.run.plan.expand.length);
    expect(await count("pg_trigger WHERE tgrelid = 'deals'::regclass")).toBe(4);
  });

  it("is complete although VACUUM FULL moves every row in mid-backfill", async () => {
    await flow.enter("backfill");
    await shards(flow.ports, flow.run, "backfill");
    const shard = await claim("worker");
    if (!shard) throw new Error("a shard is free");
    await fresh.client.query("VACUUM FULL contacts");
    const batch = { job: flow.job("backfill"), shard, fromBlock: 0, toBlock: 4, lockTimeoutMs: 100, leaseSeconds: 60 };
    expect(await sendBatch(fresh.database, flow.run.plan.backfill.update, batch)).toEqual({ claimed: false, rows: 0 });
    await flow.backfill();
    expect(await disagreeing()).toBe(0);
    expect((await flow.validate()).mismatches).toBe(0);
  });

  it("ends a slice early, and loses nothing, while a long transaction holds a row", async () => {
    await flow.enter("backfill");
    await shards(flow.ports, flow.run, "backfill");
    const holder = await fresh.connect();
    await holder.query("BEGIN");
    await holder.query("SELECT FROM contacts WHERE id = 1 FOR UPDATE");
    const held = await untilWaiting(() => backfill(flow.ports, flow.run, 0));
    expect(held.message).toContain("a row is locked by a long transaction");
    await holder.query("COMMIT");
    await holder.end();
    await flow.backfill();
    expect(await disagreeing()).toBe(0);
  });

  it("works on past a shard in which a long transaction holds a row, though it works alone", async () => {
    await flow.enter("backfill");
    await shards(flow.ports, flow.run, "backfill");
    const holder = await fresh.connect();
    await holder.query("BEGIN");
    await holder.query("SELECT FROM contacts WHERE id = 1 FOR UPDATE");
    await untilWaiting(() => backfill(flow.ports, flow.run, 0));
    expect(await count("sluice.shard WHERE done_at IS NULL")).toBe(1);
    await holder.query("COMMIT");
    await holder.end();
    await flow.backfill();
    expect(await disagreeing()).toBe(0);
  });

  it("makes its batches smaller where the Data API gives one up, and loses nothing", async () => {
    await flow.enter("backfill");
    await shards(flow.ports, flow.run, "backfill");
    let large = 0;
    const slow: Database = {
      transaction: (work) => fresh.database.transaction(work),
      executeLong: (statement) => fresh.database.executeLong(statement),
      execute: (statement) => {
        const { from_block: from, to_block: to } = statement.parameters;
        const timedOut = statement.text.startsWith("WITH claim") && Number(to) - Number(from) > 1;
        if (!timedOut) return fresh.database.execute(statement);
        large += 1;
        return Promise.reject(new StatementTimeout({ object: "batch", problem: "ran past 45 s", remedy: "none" }));
      },
    };
    await untilDone(() => backfill({ ...flow.ports, database: slow }, flow.run, 0));
    expect(large).toBeGreaterThan(0);
    expect(await disagreeing()).toBe(0);
  });

  async function untilWaiting(step: () => ReturnType<typeof backfill>): ReturnType<typeof backfill> {
    for (let call = 0; call < 1_000; call += 1) {
      const result = await step();
      if (result.status === "wait") return result;
    }
    throw new Error("the step never waited");
  }

  it("stops at the next slice when the run was rolled back", async () => {
    await flow.enter("backfill");
    await shards(flow.ports, flow.run, "backfill");
    await flow.registry.transition({ runId: "run-1", from: ["backfill"], to: "rolled-back", at: "now" });
    await expect(backfill(flow.ports, flow.run, 0)).rejects.toMatchObject({ name: "RunSuperseded" });
  });

  it("finds a row that was written past the triggers, names its segment, and does not pass", async () => {
    await flow.backfill();
    await fresh.client.query(`ALTER TABLE contacts DISABLE TRIGGER USER`);
    await fresh.client.query(`UPDATE contacts SET acquisition_channel = lead_source || ' ' WHERE id = 6`);
    await fresh.client.query(`ALTER TABLE contacts ENABLE TRIGGER USER`);
    await expect(flow.validate()).rejects.toMatchObject({ name: "DivergenceFound", message: /1 of 8,000 rows differ/ });
  });

  it("calls a proof incomplete when a shard was not read", async () => {
    const { judgeValidation } = await import("../../core/run/shards/validation-result.ts");
    await flow.backfill();
    await shards(flow.ports, flow.run, "validate-before-cutover");
    await expect(judgeValidation(flow.ports, flow.run, "validate-before-cutover")).rejects.toMatchObject({
      name: "ValidationIncomplete",
    });
  });
});

describe("while a long transaction holds the table", () => {
  let fresh: FreshDatabase;

  beforeEach(async () => {
    fresh = await freshDatabase();
    await fresh.client.query(`CREATE TABLE contacts (id bigint PRIMARY KEY, lead_source text, note text)`);
    await fresh.client.query(`INSERT INTO contacts SELECT i, 's' FROM generate_series(1, 100) AS i`);
  });

  afterEach(() => fresh.close());

  it("never makes a writer wait longer than lock_timeout, and expands when the transaction is over", async () => {
    const flow = await Flow.begin(fresh.database, MIGRATION);
    const reader = await fresh.connect();
    await reader.query("BEGIN");
    await reader.query("SELECT count(*) FROM contacts");

    // A writer that would be queued behind our lock request for longer than this gets an error. Ours gives up after
    // 100 ms; the transaction stays open for much longer than the writer would bear.
    const writer = await fresh.connect();
    await writer.query("SET lock_timeout = '1s'");
    let expanded = false;
    const expanding = flow.expand().then(() => (expanded = true));
    const end = Date.now() + 2_500;
    let written = 0;
    while (Date.now() < end) {
      await writer.query("UPDATE contacts SET note = 'x' WHERE id = $1", [1 + (written % 100)]);
      written += 1;
    }
    expect(expanded).toBe(false);
    expect(written).toBeGreaterThan(10);
    await reader.query("COMMIT");
    await expanding;
    await reader.end();
    await writer.end();
    const { rows } = await fresh.client.query(
      `SELECT subject, detail ->> 'blockers' AS blockers FROM sluice.event WHERE kind = 'lock-timeout'`,
    );
    expect(rows.length).toBeGreaterThan(1);
    expect(rows[0]).toMatchObject({ subject: "add-acquisition_channel", blockers: /pid \d+/ });
  });

  it("gives up after the plan's number of tries, names who holds the lock, and leaves nothing behind", async () => {
    const flow = await Flow.begin(fresh.database, { ...MIGRATION, locks: { timeout: "20ms", attempts: 3 } });
    const reader = await fresh.connect();
    await reader.query("BEGIN");
    await reader.query("SELECT count(*) FROM contacts");
    await expect(flow.expand()).rejects.toMatchObject({
      name: "LockNotAcquired",
      message:
        /step "add-acquisition_channel": did not get its ACCESS EXCLUSIVE lock in 3 tries of 20 ms; held by pid \d+/,
    });
    await reader.query("COMMIT");
    await reader.end();
    const { rows } = await fresh.client.query(
      `SELECT attname FROM pg_attribute WHERE attrelid = 'contacts'::regclass AND attname = 'acquisition_channel'`,
    );
    expect(rows).toEqual([]);
  });
});
