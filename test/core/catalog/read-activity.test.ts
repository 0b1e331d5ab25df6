import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readInactiveSlots, readOpenTransactions } from "../../../core/catalog/read-activity.ts";
import type { Session } from "../../../core/ports.ts";
import { freshDatabase, type FreshDatabase } from "../../support/postgres.ts";

let db: FreshDatabase;
beforeAll(async () => {
  db = await freshDatabase();
});
afterAll(async () => db.close());

describe("the open transactions of a database", () => {
  it("are none where nobody but us has one", async () => {
    expect(await readOpenTransactions(db.database)).toEqual({ hidden: 0 });
  });

  it("have an oldest, by its session, role, application and age", async () => {
    const [old, young] = [await db.connect(), await db.connect()];
    await old.query("SET application_name = 'nightly: \"export\"'");
    const { rows } = await old
      .query<{ pid: number }>("BEGIN; SELECT 1")
      .then(() => old.query("SELECT pg_backend_pid() AS pid"));
    await young.query("BEGIN; SELECT 1");
    const { oldest } = await readOpenTransactions(db.database);
    expect(oldest).toEqual({
      owner: `session ${String(rows[0]!.pid)} of role postgres (application "nightly: "export"")`,
      state: "idle in transaction",
      seconds: expect.toSatisfy((seconds: number) => seconds >= 0) as number,
    });
    await old.query("COMMIT");
    expect((await readOpenTransactions(db.database)).oldest?.owner).not.toBe(oldest?.owner);
    await young.query("COMMIT");
    expect(await readOpenTransactions(db.database)).toEqual({ hidden: 0 });
  });

  it("are those of this database alone", async () => {
    const other = await freshDatabase();
    try {
      const elsewhere = await other.connect();
      await elsewhere.query("BEGIN; SELECT 1");
      expect(await readOpenTransactions(db.database)).toEqual({ hidden: 0 });
    } finally {
      await other.close();
    }
  });

  it("are hidden from a role that may not see another's, and counted", async () => {
    const role = `watcher_${db.name}`;
    const busy = await db.connect();
    await db.client.query(`CREATE ROLE ${role}`);
    try {
      await busy.query("BEGIN; SELECT 1");
      const hidden = await readOpenTransactions(as(role));
      expect(hidden.oldest).toBeUndefined();
      expect(hidden.hidden).toBeGreaterThanOrEqual(2);
      await db.client.query(`GRANT pg_monitor TO ${role}`);
      const seen = await readOpenTransactions(as(role));
      expect(seen).toMatchObject({ hidden: 0, oldest: { state: "idle in transaction" } });
    } finally {
      await busy.query("ROLLBACK");
      await db.client.query(`DROP ROLE ${role}`);
    }
  });
});

describe("the replication slots without a reader", () => {
  it("are those that hold WAL, with how much", async () => {
    const slot = `forgotten_${db.name}`;
    const idle = `unreserved_${db.name}`;
    await db.client.query(`SELECT pg_create_physical_replication_slot('${slot}', true)`);
    try {
      await db.client.query(`SELECT pg_create_physical_replication_slot('${idle}')`);
      // The tests' server has synchronous_commit = off, with which a commit returns before its WAL is written: how much
      // of it pg_current_wal_lsn() shows then is up to the WAL writer.
      await db.client.query("SET synchronous_commit = on");
      await db.client.query("CREATE TABLE filler AS SELECT repeat('x', 1000) FROM generate_series(1, 2000)");
      const slots = await readInactiveSlots(db.database);
      expect(slots.find(({ name }) => name === slot)?.bytes).toBeGreaterThan(1_000_000);
      expect(slots.map(({ name }) => name)).not.toContain(idle);
    } finally {
      await db.client.query(
        `SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name IN ('${slot}', '${idle}')`,
      );
    }
    expect((await readInactiveSlots(db.database)).map(({ name }) => name)).not.toContain(slot);
  });
});

describe("an answer that is none", () => {
  it("is named as that", async () => {
    const strange: Session = { execute: async () => Promise.resolve([{ document: '{"hidden":"two"}' }]) };
    await expect(readOpenTransactions(strange)).rejects.toThrow(/^catalog query: returned what Sluice does not know: /);
    const silent: Session = { execute: async () => Promise.resolve([]) };
    await expect(readOpenTransactions(silent)).rejects.toThrow(/^catalog query: /);
  });
});

/** The Data API's session as another role: each statement in a transaction of its own. */
function as(role: string): Session {
  return {
    execute: async (statement) =>
      db.database.transaction(async (session) => {
        await session.execute({ text: `SET LOCAL ROLE ${role}`, parameters: {} });
        return session.execute(statement);
      }),
  };
}
