import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { readCatalog } from "../../../../core/catalog/read-catalog.ts";
import {
  DatabaseUnavailable,
  LockNotAcquired,
  NotFound,
  PreflightRefused,
  UndoRefused,
} from "../../../../core/errors.ts";
import { OLD_PATH } from "../../../../core/flag.ts";
import { migrationSchema } from "../../../../core/migration/schema.ts";
import { REVERSIBLE, type Phase } from "../../../../core/plan/phases.ts";
import type { RunRecord } from "../../../../core/ports.ts";
import { applyNextStep } from "../../../../core/run/ddl/apply-steps.ts";
import { requirePreflight } from "../../../../core/preflight/require-preflight.ts";
import { beginRun, type Preflight } from "../../../../core/run/begin/begin-run.ts";
import { claimRollback, recordRollback } from "../../../../core/run/rollback/rollback.ts";
import { enterPhase, type Ports, type Run, type RunRef } from "../../../../core/run/run.ts";
import { claimUndo, databaseToUndo, recordUndo, undo, type UndoClaim } from "../../../../core/run/rollback/undo.ts";
import {
  FakeAlarms,
  FakeClock,
  FakeRunRegistry,
  FakeExecutions,
  FakeFlags,
  FakeMetrics,
  FakeNotifier,
  FakePlanStore,
} from "../../../support/fakes.ts";
import { untilDone } from "../../../support/flow.ts";
import { freshDatabase, type FreshDatabase } from "../../../support/postgres.ts";
import { createContacts, MIGRATION } from "../stage.ts";
import { lockHolder } from "../../../support/lock-holder.ts";

const TABLE = "test/public.contacts";

describe("undoing a run", () => {
  let fresh: FreshDatabase;
  let ports: Omit<Ports, "approvals" | "callbacks" | "callers"> & {
    registry: FakeRunRegistry;
    flags: FakeFlags;
    executions: FakeExecutions;
    notifier: FakeNotifier;
    clock: FakeClock;
  };

  beforeEach(async () => {
    fresh = await freshDatabase();
    await createContacts(fresh, 50);
    await fresh.client.query(`CREATE INDEX contacts_lead_source_idx ON contacts (lead_source);
      COMMENT ON COLUMN contacts.lead_source IS 'Where from'; ALTER TABLE contacts ALTER lead_source SET DEFAULT 'web'`);
    ports = {
      database: fresh.database,
      registry: new FakeRunRegistry(),
      flags: new FakeFlags({ migrations: [MIGRATION.migration], stepwise: "at once" }),
      alarms: new FakeAlarms({ "crm-errors": "OK", "crm-latency": "OK" }),
      metrics: new FakeMetrics(),
      executions: new FakeExecutions(),
      plans: new FakePlanStore(),
      notifier: new FakeNotifier(),
      clock: new FakeClock(),
    };
  });

  afterEach(() => fresh.close());

  const arn = (runId: string): string => `arn:aws:states:eu-central-1:000000000000:execution:migration:${runId}`;

  function begin(runId: string): Promise<RunRef> {
    ports.executions.set(arn(runId), "RUNNING");
    const preflight: Preflight = (subject) => requirePreflight(ports, subject);
    return beginRun(ports, { runId, executionArn: arn(runId), migration: migrationSchema.parse(MIGRATION) }, preflight);
  }

  async function expanded(runId: string): Promise<Run> {
    const ref = await begin(runId);
    const run = { ref, plan: await ports.plans.get(ref.planHash) };
    await enterPhase(ports, run, "expand");
    await untilDone(() => applyNextStep(ports.database, run, run.plan.expand));
    await untilDone(() => applyNextStep(ports.database, run, run.plan.indexes));
    return run;
  }

  async function rollBack(runId: string): Promise<void> {
    const claim = await claimRollback(ports, { run: runId });
    await ports.executions.stop(claim.executionArn, { error: "RolledBack", cause: "test" });
    await recordRollback(ports, claim);
  }

  async function rolledBack(runId = "first"): Promise<Run> {
    const run = await expanded(runId);
    await rollBack(runId);
    return run;
  }

  const claim = (run = "first"): Promise<UndoClaim> => claimUndo(ports, { run });

  /** The whole undo, as its state machine does it. */
  async function undone(runId = "first"): Promise<void> {
    const claimed = await claim(runId);
    await untilDone(() => undo(ports, claimed));
    await recordUndo(ports, claimed);
  }

  async function record(runId = "first"): Promise<RunRecord> {
    const found = await ports.registry.run(runId);
    if (!found) throw new Error(`no run ${runId}`);
    return found;
  }

  /** All that the catalog has of the table but its size, which its history has a part in. */
  async function table(): Promise<unknown> {
    const found = (await readCatalog(fresh.database, { schema: "public", name: "contacts" })).table;
    if (!found) throw new Error("the table is there");
    const { columns, indexes, constraints, triggers, dependents } = found;
    return { columns, indexes, constraints, triggers, dependents };
  }

  async function functions(): Promise<number> {
    const { rows } = await fresh.client.query<{ n: number }>(
      `SELECT count(*)::int AS n FROM pg_proc WHERE pronamespace = to_regnamespace('sluice')`,
    );
    return rows[0]?.n ?? -1;
  }

  async function hasColumn(): Promise<boolean> {
    const { rows } = await fresh.client.query(
      `SELECT FROM pg_attribute WHERE attrelid = 'contacts'::regclass AND attname = 'acquisition_channel' AND NOT attisdropped`,
    );
    return rows.length === 1;
  }

  async function outcome(runId = "first"): Promise<unknown> {
    return (await fresh.client.query(`SELECT outcome FROM sluice.run WHERE run_id = $1`, [runId])).rows[0];
  }

  const undoEvents = async (): Promise<unknown[]> =>
    (await fresh.client.query(`SELECT run_id, subject, detail FROM sluice.event WHERE kind = 'undo' ORDER BY id`)).rows;

  it("leaves the table as it was before, with its rows, and nothing of ours beside the ledger", async () => {
    const before = await table();
    const rows = `SELECT md5(string_agg(c::text, ',' ORDER BY id)) AS rows FROM (SELECT id, lead_source, note FROM contacts) AS c`;
    const content = (await fresh.client.query(rows)).rows;
    await rolledBack();
    expect(await table()).not.toEqual(before);
    await undone();
    expect(await table()).toEqual(before);
    expect((await fresh.client.query(rows)).rows).toEqual(content);
    expect(await functions()).toBe(0);
  });

  it("writes who asked and why, closes the run, releases the table lock and notifies operators", async () => {
    const { plan } = await rolledBack();
    const claimed = await claimUndo(ports, { run: "first", reason: "not needed", by: "arn:aws:iam::1:user/ann" });
    const reason = "not needed (arn:aws:iam::1:user/ann)";
    expect(claimed).toEqual({
      runId: "first",
      migration: MIGRATION.migration,
      planHash: plan.hash,
      database: "test",
      tables: [TABLE],
      reason,
    });
    expect(await lockHolder(ports.registry, TABLE)).toMatchObject({ runId: "first" });
    expect(await undo(ports, claimed)).toMatchObject({ status: "more", message: /Drop acquisition_channel/ });
    expect(await undo(ports, claimed)).toMatchObject({ status: "done" });
    const undoneAt = ports.clock.now().toISOString();
    expect(await recordUndo(ports, claimed)).toEqual({ ...claimed, undoneAt });
    expect(await record()).toMatchObject({ phase: "undone" });
    expect(await outcome()).toEqual({ outcome: "undone" });
    expect(await lockHolder(ports.registry, TABLE)).toBeUndefined();
    expect(await undoEvents()).toEqual([
      { run_id: "first", subject: MIGRATION.migration, detail: { state: "begun", reason } },
      { run_id: "first", subject: MIGRATION.migration, detail: { state: "done", reason } },
    ]);
    expect(ports.notifier.messages.at(-1)).toMatchObject({
      subject: "Sluice: contact-channel was undone",
      body: expect.stringContaining(reason) as string,
    });
  });

  it("lets the migration begin anew: a new plan of the next generation, from its first step", async () => {
    const first = await rolledBack();
    await undone();
    const second = await expanded("second");
    expect(second.plan).toMatchObject({ generation: first.plan.generation + 1 });
    expect(second.plan.hash).not.toBe(first.plan.hash);
    expect(second.ref.message).toMatch(/^a new plan/);
    expect(await hasColumn()).toBe(true);
    await rollBack("second");
    await undone("second");
    expect(await hasColumn()).toBe(false);
  });

  it("takes away what an expand that stopped half-way has left", async () => {
    const before = await table();
    const ref = await begin("first");
    const run = { ref, plan: await ports.plans.get(ref.planHash) };
    await applyNextStep(ports.database, run, run.plan.expand);
    await rollBack("first");
    await undone();
    expect(await table()).toEqual(before);
  });

  it("finds the database of a run by its key in the run registry", async () => {
    await begin("first");
    expect(await databaseToUndo(ports, { run: "first" })).toBe("test");
    await expect(databaseToUndo(ports, { run: "none" })).rejects.toThrow(NotFound);
  });

  describe("is refused", () => {
    /** Nothing changed, and the table is with whom it was with. */
    async function refused(problem: RegExp | string, run = "first"): Promise<void> {
      const [holder, events] = [await lockHolder(ports.registry, TABLE), await undoEvents().catch(() => [])];
      await expect(claim(run)).rejects.toThrow(UndoRefused);
      await expect(claim(run)).rejects.toThrow(problem);
      expect(await lockHolder(ports.registry, TABLE)).toEqual(holder);
      expect(await undoEvents().catch(() => [])).toEqual(events);
    }

    it("for a run that nobody knows", async () => {
      await expect(claim("none")).rejects.toThrow(NotFound);
    });

    it.each(REVERSIBLE)("while the run is in phase %s: it must be rolled back first", async (phase) => {
      const run = await expanded("first");
      await moveTo(run, phase);
      await refused(new RegExp(`is in phase ${phase}, so traffic.*sluice rollback first`));
      expect(await hasColumn()).toBe(true);
    });

    it.each(["contract", "done"] as const)(
      "of a run in phase %s: there is no old shape to go back to",
      async (phase) => {
        await moveTo(await expanded("first"), phase);
        await refused(`is in phase ${phase}: the old shape is being removed or gone`);
      },
    );

    async function moveTo(run: Run, to: Phase): Promise<void> {
      const { phase } = await record(run.ref.id);
      await ports.registry.transition({ runId: run.ref.id, from: [phase], to, at: "now" });
    }

    it("while its rollback is not over, and leaves the table to that", async () => {
      await expanded("first");
      await claimRollback(ports, { run: "first" });
      await refused(/its rollback is not over\. Wait for it, or start it again \(sluice rollback first\)/);
    });

    it("where it has expanded nothing", async () => {
      await begin("first");
      await rollBack("first");
      await refused(/has expanded nothing/);
    });

    it("where there is no ledger", async () => {
      await rolledBack();
      await fresh.client.query(`DROP SCHEMA sluice CASCADE`);
      await refused(/its database has no ledger/);
    });

    it("where it was undone already", async () => {
      await rolledBack();
      await undone();
      await refused(/was undone already/);
    });

    it("where another run of the migration holds the table", async () => {
      await rolledBack();
      await begin("second");
      await refused(/run "second", which is in phase preflight, has locked table "test\/public\.contacts"/);
    });

    it("where its plan is over and the table has another one's", async () => {
      await rolledBack();
      await undone();
      await rolledBack("second");
      await fresh.client.query(`UPDATE sluice.run SET outcome = 'rolled-back' WHERE run_id = 'second'`);
      await ports.registry.transition({ runId: "first", from: ["undone"], to: "rolled-back", at: "now" });
      await fresh.client.query(`UPDATE sluice.run SET outcome = 'rolled-back' WHERE run_id = 'first'`);
      await refused(
        /has a plan that is over; what the table has now is of the plan of run "second"\. Undo run "second"/,
      );
    });

    it("where contract has begun on its plan", async () => {
      await rolledBack();
      await fresh.client.query(`INSERT INTO sluice.phase (run_id, phase) VALUES ('first', 'contract')`);
      await refused(/whose contract has begun/);
    });

    it("while the flag sends anybody to the new path", async () => {
      const { plan } = await rolledBack();
      await ports.flags.deployNow(MIGRATION.migration, plan.cutover[0]?.flag ?? OLD_PATH);
      await refused(/flag "contact-channel" does not send all traffic to the old path: .*"percent":10/);
    });

    it("while the flag is being deployed, though the old path is in effect", async () => {
      const { plan } = await rolledBack();
      const flags = new FakeFlags({ migrations: [MIGRATION.migration] });
      ports = { ...ports, flags };
      await flags.deployNow(MIGRATION.migration, OLD_PATH);
      await flags.deploy(MIGRATION.migration, plan.cutover[0]?.flag ?? OLD_PATH, []);
      await refused(/while flag "contact-channel" is being deployed/);
      flags.revert(MIGRATION.migration);
      expect(await claim()).toMatchObject({ runId: "first" });
    });

    it("and releases the table lock again, where the flag was deployed just before it had the table", async () => {
      const { plan } = await rolledBack();
      const acquire = ports.registry.acquireUndoLocks.bind(ports.registry);
      vi.spyOn(ports.registry, "acquireUndoLocks").mockImplementationOnce(async (runId) => {
        const taken = await acquire(runId);
        await ports.flags.deployNow(MIGRATION.migration, plan.cutover[0]?.flag ?? OLD_PATH);
        return taken;
      });
      await expect(claim()).rejects.toThrow(UndoRefused);
      expect(await lockHolder(ports.registry, TABLE)).toBeUndefined();
    });
  });

  describe("drops nothing", () => {
    it("where an operator deployed the flag anew since the claim, and goes on when that was taken back", async () => {
      const { plan } = await rolledBack();
      const claimed = await claim();
      await ports.flags.deployNow(MIGRATION.migration, plan.cutover.at(-1)?.flag ?? OLD_PATH);
      await expect(undo(ports, claimed)).rejects.toThrow(UndoRefused);
      expect(await hasColumn()).toBe(true);
      await expect(claim()).rejects.toThrow(UndoRefused);
      expect(await lockHolder(ports.registry, TABLE)).toMatchObject({ runId: "first" });
      await expect(rollBack("first")).rejects.toThrow(/is being undone/);
      await ports.flags.deployNow(MIGRATION.migration, OLD_PATH);
      const again = await claim();
      expect(await undo(ports, again)).toMatchObject({ status: "wait" });
      await later();
      await untilDone(() => undo(ports, again));
      expect(await hasColumn()).toBe(false);
    });

    it("where it does not hold the table any more", async () => {
      await rolledBack();
      const claimed = await claim();
      await ports.registry.releaseTableLocks("first", "undo");
      await expect(undo(ports, claimed)).rejects.toThrow(
        /has not locked table .*Undo it again, which locks the tables/,
      );
      await begin("second");
      await expect(undo(ports, claimed)).rejects.toThrow(/has not locked table .*: run "second" has/);
      expect(await hasColumn()).toBe(true);
    });

    it("beside a run, because the end of the rollback is repeated: people could not be told at first", async () => {
      await expanded("first");
      const rollback = await claimRollback(ports, { run: "first" });
      vi.spyOn(ports.notifier, "notify").mockRejectedValueOnce(new Error("no topic"));
      await expect(recordRollback(ports, rollback)).rejects.toThrow("no topic");
      const claimed = await claim();
      await recordRollback(ports, rollback);
      await expect(begin("second")).rejects.toThrow(/locked by run "first", which is in phase undoing/);
      await untilDone(() => undo(ports, claimed));
      expect(await hasColumn()).toBe(false);
    });

    it.each([
      ["an index", `CREATE INDEX mine ON contacts (acquisition_channel)`, "index public.mine"],
      [
        "a constraint",
        `ALTER TABLE contacts ADD CONSTRAINT mine CHECK (acquisition_channel <> 'x')`,
        "constraint mine",
      ],
      ["a view", `CREATE VIEW mine AS SELECT acquisition_channel FROM contacts`, "rule"],
    ])("that is the application's: %s on the new column refuses it, by its name", async (_, make, named) => {
      await rolledBack();
      const claimed = await claim();
      await fresh.client.query(make);
      await expect(undo(ports, claimed)).rejects.toThrow(UndoRefused);
      await expect(undo(ports, claimed)).rejects.toThrow(named);
      expect(await hasColumn()).toBe(true);
    });

    it("before two minutes after the claim, which saw the old path in effect, where a flag was ever deployed", async () => {
      const run = await expanded("first");
      await ports.flags.deployNow(MIGRATION.migration, run.plan.cutover[0]?.flag ?? OLD_PATH);
      await ports.flags.deployNow(MIGRATION.migration, OLD_PATH);
      await rollBack("first");
      const claimed = await claim();
      const waiting = await undo(ports, claimed);
      expect(waiting).toMatchObject({ status: "wait" });
      expect(waiting).toHaveProperty("waitSeconds", 120);
      expect(await hasColumn()).toBe(true);
      await later(119);
      expect(await undo(ports, claimed)).toMatchObject({ status: "wait" });
      await later(1);
      expect(await undo(ports, claimed)).toMatchObject({ status: "more" });
      expect(await hasColumn()).toBe(false);
    });
  });

  it("waits for its lock as every step does, and gives up after as many tries", async () => {
    const { plan } = await rolledBack();
    const claimed = await claim();
    const reader = await fresh.connect();
    await reader.query("BEGIN; SELECT count(*) FROM contacts");
    expect(await undo(ports, claimed)).toMatchObject({
      status: "wait",
      message: /lock not free \(try 1\), held by pid/,
    });
    await fresh.client.query(
      `INSERT INTO sluice.event (run_id, kind, subject) SELECT 'first', 'lock-timeout', 'undo' FROM generate_series(1, $1)`,
      [plan.lockRetry.attempts],
    );
    await expect(undo(ports, claimed)).rejects.toThrow(LockNotAcquired);
    const again = await claim();
    expect(await undo(ports, again)).toMatchObject({ status: "wait", message: /try 1/ });
    await reader.query("COMMIT");
    expect(await undo(ports, again)).toMatchObject({ status: "more" });
  });

  describe("that died", () => {
    beforeEach(() => rolledBack());

    it("between the entry in the ledger and the table, begins again", async () => {
      vi.spyOn(ports.registry, "acquireUndoLocks").mockRejectedValueOnce(new Error("died"));
      await expect(claim()).rejects.toThrow("died");
      await undone();
      expect(await hasColumn()).toBe(false);
    });

    it("after its claim, goes on when it is claimed again", async () => {
      const first = await claim();
      expect(await claim()).toEqual(first);
      await undone();
      expect(await record()).toMatchObject({ phase: "undone" });
    });

    it("after its drop, ends when it is claimed again; a start is refused until then", async () => {
      const claimed = await claim();
      await undo(ports, claimed);
      await expect(begin("second")).rejects.toThrow(PreflightRefused);
      await ports.registry.releaseTableLocks("first", "undo");
      await expect(begin("second")).rejects.toThrow(
        /is being undone: the plan of run "first" has steps of its undo applied/,
      );
      await undone();
      expect(await outcome()).toEqual({ outcome: "undone" });
      expect(await begin("second")).toMatchObject({ resumeAt: "expand" });
    });

    it.each(["transition", "releaseTableLocks"] as const)(
      "before its %s, ends when it is claimed again",
      async (line) => {
        const claimed = await claim();
        await untilDone(() => undo(ports, claimed));
        vi.spyOn(ports.registry, line).mockRejectedValueOnce(new Error("died"));
        await expect(recordUndo(ports, claimed)).rejects.toThrow("died");
        await undone();
        expect(await record()).toMatchObject({ phase: "undone" });
        expect(await lockHolder(ports.registry, TABLE)).toBeUndefined();
        expect(await undoEvents()).toHaveLength(3);
      },
    );

    it("before it told people, tells them when it is repeated, and changes nothing more", async () => {
      const claimed = await claim();
      await untilDone(() => undo(ports, claimed));
      vi.spyOn(ports.notifier, "notify").mockRejectedValueOnce(new Error("died"));
      await expect(recordUndo(ports, claimed)).rejects.toThrow("died");
      const before = await record();
      ports.clock.advance(60_000);
      expect(await recordUndo(ports, claimed)).toMatchObject({ undoneAt: before.updatedAt });
      expect(await record()).toEqual(before);
    });

    it("in the midst of its drop leaves all or nothing", async () => {
      const claimed = await claim();
      const { database } = ports;
      vi.spyOn(database, "transaction").mockImplementationOnce(async (work) => {
        await work(database).catch(() => undefined);
        throw new DatabaseUnavailable({ object: "commit", problem: "no answer", remedy: "Repeat" });
      });
      await expect(undo(ports, claimed)).rejects.toThrow(DatabaseUnavailable);
      vi.restoreAllMocks();
      await undone();
      expect(await hasColumn()).toBe(false);
    });
  });

  it("keeps its outcome although the entry of a rollback comes late", async () => {
    await expanded("first");
    const late = await claimRollback(ports, { run: "first" });
    await recordRollback(ports, late);
    await undone();
    await recordRollback(ports, late);
    expect(await outcome()).toEqual({ outcome: "undone" });
    expect(await begin("second")).toMatchObject({ message: expect.stringMatching(/^a new plan/) as string });
  });

  it("and a start of the migration at the same moment: exactly one of them goes on", async () => {
    const results: string[] = [];
    for (let round = 1; round <= 12; round += 1) {
      const run = `undo-${String(round)}`;
      await rolledBack(run);
      const start = `start-${String(round)}`;
      const [undoing, starting] = await Promise.allSettled([round % 2 ? claim(run) : undone(run), begin(start)]);
      const both = [undoing.status, starting.status].sort();
      expect(both).toEqual(["fulfilled", "rejected"]);
      results.push(undoing.status === "fulfilled" ? "undo" : "start");
      if (undoing.status === "fulfilled") {
        if (round % 2) await undone(run);
      } else {
        expect(undoing.reason).toBeInstanceOf(UndoRefused);
        expect(await hasColumn()).toBe(true);
        await rollBack(start);
        await undone(start);
      }
      expect(await hasColumn()).toBe(false);
      expect(await lockHolder(ports.registry, TABLE)).toBeUndefined();
    }
    expect(results).toHaveLength(12);
  });

  it("ends while a start looks at the table: that one begins no run on what it saw", async () => {
    await rolledBack();
    const states = ports.alarms.states.bind(ports.alarms);
    vi.spyOn(ports.alarms, "states").mockImplementationOnce(async (names) => {
      await undone();
      return states(names);
    });
    await expect(begin("second")).rejects.toThrow(/changed during preflight, by another run or by DDL/);
    expect(await record("second")).toMatchObject({ phase: "rolled-back" });
    expect(await begin("third")).toMatchObject({ resumeAt: "expand" });
  });

  it("of two runs of one plan is done once", async () => {
    await rolledBack("first");
    await rolledBack("second");
    const results = await Promise.allSettled([claim("first"), claim("second")]);
    expect(results.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    const [winner, loser] = results[0].status === "fulfilled" ? ["first", "second"] : ["second", "first"];
    await undone(winner);
    await expect(claim(loser)).rejects.toThrow(/what it expanded was removed already/);
  });

  /** Lets time pass: everything that the ledger has happened that much earlier. */
  async function later(seconds = 121): Promise<void> {
    await fresh.client.query(`UPDATE sluice.event SET at = at - make_interval(secs => $1)`, [seconds]);
  }
});
