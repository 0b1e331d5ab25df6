import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { DatabaseUnavailable, LockNotAcquired, StatementFailed } from "../../../../core/errors.ts";
import type { DdlStep } from "../../../../core/plan/plan.ts";
import type { Database } from "../../../../core/ports.ts";
import { applyNextStep } from "../../../../core/run/ddl/apply-steps.ts";
import { freshDatabase, type FreshDatabase } from "../../../support/postgres.ts";
import { createContacts, Stage } from "../stage.ts";

const STEP: DdlStep = {
  id: "add-a",
  title: "Add a",
  statements: ["ALTER TABLE contacts ADD COLUMN a text", "ALTER TABLE contacts ADD COLUMN b text"],
  mode: "transaction",
  lock: "ACCESS EXCLUSIVE",
  blocks: "readers and writers",
  lockTimeoutMs: 30,
  statementTimeoutMs: 2_000,
};

describe("applying steps of DDL", () => {
  let fresh: FreshDatabase;
  let stage: Stage;

  beforeEach(async () => {
    fresh = await freshDatabase();
    await createContacts(fresh, 10);
    stage = await Stage.begin(fresh, { locks: { attempts: 3 } });
  });

  afterEach(() => fresh.close());

  const call = (...steps: DdlStep[]): ReturnType<typeof applyNextStep> =>
    applyNextStep(fresh.database, stage.run, steps);

  async function columns(): Promise<string[]> {
    const { rows } = await fresh.client.query<{ name: string }>(
      `SELECT attname AS name FROM pg_attribute WHERE attrelid = 'contacts'::regclass AND attnum > 3 AND NOT attisdropped`,
    );
    return rows.map(({ name }) => name);
  }

  async function recorded(): Promise<unknown[]> {
    return (await fresh.client.query(`SELECT step_id, run_id FROM sluice.step ORDER BY applied_at`)).rows;
  }

  it("applies one a call, in order, and records each with the run that did it", async () => {
    const second = { ...STEP, id: "add-c", title: "Add c", statements: ["ALTER TABLE contacts ADD COLUMN c text"] };
    expect(await call(STEP, second)).toEqual({ status: "more", message: "Add a: applied" });
    expect(await columns()).toEqual(["a", "b"]);
    expect(await call(STEP, second)).toMatchObject({ status: "more" });
    expect(await columns()).toEqual(["a", "b", "c"]);
    expect(await call(STEP, second)).toEqual({ status: "done", message: "2 steps applied" });
    const run_id = stage.run.ref.id;
    expect(await recorded()).toEqual([
      { step_id: "add-a", run_id },
      { step_id: "add-c", run_id },
    ]);
  });

  it("takes a step that an earlier run of the plan applied for applied", async () => {
    await call(STEP);
    const again = await Stage.begin(fresh);
    const other = { ...again.run, plan: stage.run.plan };
    expect(await applyNextStep(fresh.database, other, [STEP])).toMatchObject({ status: "done" });
    expect(await recorded()).toHaveLength(1);
  });

  it("applies all statements of a step, and its ledger row, or none", async () => {
    const broken = { ...STEP, statements: [STEP.statements[0] ?? "", "ALTER TABLE contacts ADD COLUMN id int"] };
    await expect(call(broken)).rejects.toThrow(StatementFailed);
    await expect(call(broken)).rejects.toThrow(
      /step "add-a": failed and left nothing behind: .*column "id" of relation "contacts" already exists/,
    );
    expect(await columns()).toEqual([]);
    expect(await recorded()).toEqual([]);
  });

  it("lets go of the table soon after a caller that died in mid-transaction, and can be called again then", async () => {
    let end = (): void => undefined;
    const gone = new Promise<void>((resolve) => (end = resolve));
    let hold = (): void => undefined;
    const altered = new Promise<void>((resolve) => (hold = resolve));
    const dying: Database = {
      execute: (statement) => fresh.database.execute(statement),
      executeLong: (statement) => fresh.database.executeLong(statement),
      transaction: (work) =>
        fresh.database.transaction((session) =>
          work({
            execute: async (statement) => {
              const rows = await session.execute(statement);
              if (statement.text.startsWith("ALTER")) {
                hold();
                await gone;
              }
              return rows;
            },
          }),
        ),
    };
    const dead = applyNextStep(dying, stage.run, [STEP]);
    await altered;
    await fresh.client.query("SET lock_timeout = '20s'");
    await fresh.client.query("INSERT INTO contacts (id) VALUES (1000)");
    expect(await columns()).toEqual([]);
    expect(await call(STEP)).toMatchObject({ status: "more" });
    end();
    await expect(dead).rejects.toThrow(DatabaseUnavailable);
    expect(await columns()).toEqual(["a", "b"]);
  });

  it("applies a step once although two calls come at the same moment", async () => {
    const results = await Promise.all([
      call({ ...STEP, lockTimeoutMs: 2_000 }),
      call({ ...STEP, lockTimeoutMs: 2_000 }),
    ]);
    // Done is what the one says that looked when the other had ended.
    for (const { status } of results) expect(["more", "done"]).toContain(status);
    expect(results.map(({ status }) => status)).toContain("more");
    expect(await recorded()).toHaveLength(1);
  });

  it("waits with growing pauses while somebody holds the lock, says who, and leaves nothing behind", async () => {
    const holder = await fresh.connect();
    await holder.query("SET application_name = 'nightly report'; BEGIN; SELECT count(*) FROM contacts");
    const first = await call(STEP);
    expect(first).toMatchObject({
      status: "wait",
      waitSeconds: 1,
      message: /Add a: lock not free \(try 1\), held by pid \d+ \(nightly report, transaction open for \d+ s\)/,
    });
    expect(await call(STEP)).toMatchObject({ status: "wait", message: /try 2/ });
    expect(await recorded()).toEqual([]);
    await holder.query("COMMIT");
    expect(await call(STEP)).toMatchObject({ status: "more" });
    expect(await columns()).toEqual(["a", "b"]);
  });

  it("gives up after as many tries as the plan allows", async () => {
    const holder = await fresh.connect();
    await holder.query("BEGIN; SELECT count(*) FROM contacts");
    await call(STEP);
    await call(STEP);
    await expect(call(STEP)).rejects.toThrow(LockNotAcquired);
    await holder.query("COMMIT");
  });

  it("counts the tries of one step of one run alone", async () => {
    const holder = await fresh.connect();
    await holder.query("BEGIN; SELECT count(*) FROM contacts");
    await call(STEP);
    await call(STEP);
    expect(await call({ ...STEP, id: "other" })).toMatchObject({ status: "wait", message: /try 1/ });
    const again = { ...(await Stage.begin(fresh)).run, plan: stage.run.plan };
    expect(await applyNextStep(fresh.database, again, [STEP])).toMatchObject({ status: "wait", message: /try 1/ });
    await holder.query("COMMIT");
  });

  it("takes a statement that runs past its time for a lock not to be had, since it would hold everybody up", async () => {
    const slow = { ...STEP, statements: ["SELECT pg_sleep(5)"], statementTimeoutMs: 30 };
    expect(await call(slow)).toMatchObject({ status: "wait", message: /held by another transaction/ });
    expect(await recorded()).toEqual([]);
  });

  describe("that require something", () => {
    const lock = "LOCK TABLE contacts IN ACCESS EXCLUSIVE MODE";
    const guarded: DdlStep = {
      ...STEP,
      requires: {
        lock,
        query: "SELECT format('row %s has no source', id) AS problem FROM contacts WHERE lead_source = ''",
      },
    };

    it("applies them where nothing stands against it", async () => {
      expect(await call(guarded)).toMatchObject({ status: "more" });
      expect(await columns()).toEqual(["a", "b"]);
    });

    it("leaves nothing behind where something does, names it, and can be called again when it is mended", async () => {
      await fresh.client.query("UPDATE contacts SET lead_source = '' WHERE id IN (3, 5)");
      await expect(call(guarded)).rejects.toThrow(StatementFailed);
      await expect(call(guarded)).rejects.toThrow(
        /step "add-a": was not begun, and left nothing behind: row 3 has no source, row 5 has no source/,
      );
      expect(await columns()).toEqual([]);
      expect(await recorded()).toEqual([]);
      await fresh.client.query("UPDATE contacts SET lead_source = 'web'");
      expect(await call(guarded)).toMatchObject({ status: "more" });
    });

    it("asks under the lock: it waits for a writer, and then sees what that one wrote", async () => {
      const writer = await fresh.connect();
      await writer.query("BEGIN; UPDATE contacts SET lead_source = '' WHERE id = 3");
      expect(await call(guarded)).toMatchObject({ status: "wait", message: /lock not free/ });
      await writer.query("COMMIT");
      await expect(call(guarded)).rejects.toThrow(/row 3 has no source/);
    });

    it("takes their requirement for applied with them", async () => {
      await call(guarded);
      await fresh.client.query("UPDATE contacts SET lead_source = '' WHERE id = 3");
      expect(await call(guarded)).toMatchObject({ status: "done" });
    });
  });

  it("counts the tries of an undo anew each time that it is asked for", async () => {
    const holder = await fresh.connect();
    await holder.query("BEGIN; SELECT count(*) FROM contacts");
    await call(STEP);
    await call(STEP);
    await fresh.client.query(
      `INSERT INTO sluice.event (run_id, kind, subject) VALUES ($1, 'undo', 'contact-channel')`,
      [stage.run.ref.id],
    );
    expect(await call(STEP)).toMatchObject({ status: "wait", message: /try 1/ });
    await holder.query("COMMIT");
  });
});
