import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type pg from "pg";
import { StatementFailed } from "../../../../core/errors.ts";
import type { DdlStep } from "../../../../core/plan/plan.ts";
import { applyNextStep } from "../../../../core/run/ddl/apply-steps.ts";
import { pause } from "../../../support/flow.ts";
import { freshDatabase, type FreshDatabase } from "../../../support/postgres.ts";
import { createContacts, Stage } from "../stage.ts";

const STEP: DdlStep = {
  id: "index-by_source",
  title: "Build index by_channel",
  statements: [`CREATE INDEX CONCURRENTLY "by_channel" ON "public"."contacts" USING "btree" ("lead_source")`],
  mode: "concurrent",
  lock: "SHARE UPDATE EXCLUSIVE",
  blocks: "nobody",
  lockTimeoutMs: 0,
  statementTimeoutMs: 0,
  index: { schema: "public", name: "by_channel" },
};

describe("building an index", () => {
  let fresh: FreshDatabase;
  let stage: Stage;

  beforeEach(async () => {
    fresh = await freshDatabase({ statementTimeoutMs: 1_000 });
    await createContacts(fresh, 100);
    stage = await Stage.begin(fresh);
  });

  afterEach(() => fresh.close());

  const call = (step: DdlStep = STEP): ReturnType<typeof applyNextStep> =>
    applyNextStep(fresh.database, stage.run, [step]);

  async function valid(): Promise<boolean | undefined> {
    const { rows } = await fresh.client.query<{ valid: boolean }>(
      `SELECT indisvalid AS valid FROM pg_index WHERE indexrelid = to_regclass('by_channel')`,
    );
    return rows[0]?.valid;
  }

  async function recorded(): Promise<number> {
    const { rows } = await fresh.client.query(`SELECT FROM sluice.step WHERE step_id = $1`, [STEP.id]);
    return rows.length;
  }

  it("is done when the catalog calls it valid, and is then recorded", async () => {
    expect(await call()).toEqual({ status: "more", message: "Build index by_channel: built" });
    expect(await recorded()).toBe(0);
    expect(await call()).toEqual({ status: "more", message: "Build index by_channel: valid" });
    expect(await recorded()).toBe(1);
    expect(await call()).toMatchObject({ status: "done" });
    expect(await valid()).toBe(true);
  });

  it("drops the INVALID leftover of a build that failed, and builds it anew", async () => {
    const leftover = `CREATE UNIQUE INDEX CONCURRENTLY by_channel ON contacts (lead_source)`;
    await expect(fresh.client.query(leftover)).rejects.toThrow(/could not create unique index/);
    expect(await valid()).toBe(false);
    expect(await call()).toEqual({ status: "more", message: "Build index by_channel: dropped an invalid leftover" });
    expect(await valid()).toBeUndefined();
    await call();
    await call();
    expect(await call()).toMatchObject({ status: "done" });
    expect(await valid()).toBe(true);
    const { rows } = await fresh.client.query(
      `SELECT indisunique FROM pg_index WHERE indexrelid = 'by_channel'::regclass`,
    );
    expect(rows).toEqual([{ indisunique: false }]);
  });

  it("is followed while it runs past the Data API's time, by its phase, and never started twice", async () => {
    const holder = await holdSnapshot();
    expect(await call()).toEqual({ status: "wait", waitSeconds: 10, message: "Build index by_channel: building" });
    expect(await call()).toMatchObject({
      status: "wait",
      message: /by_channel: waiting for writers before build, block 0 of 0/,
    });
    expect(await builds()).toBe(1);
    await holder.query("COMMIT");
    await untilValid();
    expect(await call()).toMatchObject({ status: "more", message: /valid/ });
    expect(await recorded()).toBe(1);
  });

  it("is built anew after its backend was killed in the middle", async () => {
    const holder = await holdSnapshot();
    await call();
    await fresh.client.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'CREATE INDEX CONCURRENTLY%'`,
    );
    while ((await builds()) > 0) await pause(10);
    await holder.query("COMMIT");
    expect(await valid()).toBe(false);
    expect(await call()).toMatchObject({ status: "more", message: /dropped an invalid leftover/ });
    expect(await call()).toMatchObject({ status: "more", message: /built/ });
    expect(await valid()).toBe(true);
  });

  it("fails where the statement does, and says why", async () => {
    const wrong = {
      ...STEP,
      statements: [`CREATE INDEX CONCURRENTLY "by_channel" ON "public"."contacts" ("no_such_column")`],
    };
    await expect(call(wrong)).rejects.toThrow(StatementFailed);
    await expect(call(wrong)).rejects.toThrow(/step "index-by_source".*no_such_column/);
  });

  it.each([
    ["an index of another table", `CREATE TABLE other (x int); CREATE INDEX by_channel ON other (x)`],
    ["a table", `CREATE TABLE by_channel (x int)`],
  ])("fails where its name belongs to %s, rather than take that for its own", async (_, create) => {
    await fresh.client.query(create);
    await expect(call()).rejects.toThrow(StatementFailed);
    await expect(call()).rejects.toThrow(/"public\.by_channel"/);
    expect(await recorded()).toBe(0);
  });

  /** A transaction that has written the table: the build waits for its end. */
  async function holdSnapshot(): Promise<pg.Client> {
    const holder = await fresh.connect();
    await holder.query("BEGIN; UPDATE contacts SET note = 'x' WHERE id = 1");
    return holder;
  }

  async function builds(): Promise<number> {
    const { rows } = await fresh.client.query<{ n: number }>(
      `SELECT count(*)::int AS n FROM pg_stat_activity
       WHERE datname = current_database() AND query LIKE 'CREATE INDEX CONCURRENTLY%' AND state = 'active'`,
    );
    return rows[0]?.n ?? -1;
  }

  async function untilValid(): Promise<void> {
    for (let look = 0; look < 500 && (await valid()) !== true; look += 1) await pause(10);
  }
});
