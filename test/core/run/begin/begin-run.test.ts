import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { LedgerTooNew, PlanUnreadable, PreflightRefused, RunSuperseded } from "../../../../core/errors.ts";
import { OLD_PATH } from "../../../../core/flag.ts";
import { ensureLedger } from "../../../../core/ledger/schema.ts";
import { migrationSchema, type Migration, type MigrationInput } from "../../../../core/migration/schema.ts";
import { REVERSIBLE } from "../../../../core/plan/phases.ts";
import { applyNextStep } from "../../../../core/run/ddl/apply-steps.ts";
import { requirePreflight } from "../../../../core/preflight/require-preflight.ts";
import { beginRun, type Preflight } from "../../../../core/run/begin/begin-run.ts";
import { claimRollback, recordRollback } from "../../../../core/run/rollback/rollback.ts";
import { enterPhase, type Ports, type Run, type RunRef } from "../../../../core/run/run.ts";
import { shards } from "../../../../core/run/shards/shards.ts";
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
import { claimAndContract, untilDone } from "../../../support/flow.ts";
import { freshDatabase, type FreshDatabase } from "../../../support/postgres.ts";
import { createContacts, MIGRATION } from "../stage.ts";
import { lockHolder } from "../../../support/lock-holder.ts";

describe("beginning a run", () => {
  let fresh: FreshDatabase;
  let ports: Omit<Ports, "approvals" | "callbacks" | "callers"> & {
    registry: FakeRunRegistry;
    alarms: FakeAlarms;
    executions: FakeExecutions;
    plans: FakePlanStore;
  };

  beforeEach(async () => {
    fresh = await freshDatabase();
    await createContacts(fresh, 50);
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

  const migration = (changes: Partial<MigrationInput> = {}): Migration =>
    migrationSchema.parse({ ...MIGRATION, ...changes });
  const arn = (runId: string): string => `arn:aws:states:eu-central-1:000000000000:execution:migration:${runId}`;

  function begin(runId: string, changes: Partial<MigrationInput> = {}): Promise<RunRef> {
    ports.executions.set(arn(runId), "RUNNING");
    const preflight: Preflight = (subject) => requirePreflight(ports, subject);
    return beginRun(ports, { runId, executionArn: arn(runId), migration: migration(changes) }, preflight);
  }

  async function runOf(ref: RunRef): Promise<Run> {
    return { ref, plan: await ports.plans.get(ref.planHash) };
  }

  async function expand(ref: RunRef): Promise<Run> {
    const run = await runOf(ref);
    await enterPhase(ports, run, "expand");
    await untilDone(() => applyNextStep(ports.database, run, run.plan.expand));
    return run;
  }

  /** The whole rollback, as its state machine does it. */
  async function rollBack(runId: string): Promise<void> {
    const claim = await claimRollback(ports, { run: runId });
    await ports.executions.stop(claim.executionArn, { error: "RolledBack", cause: "test" });
    await recordRollback(ports, claim);
  }

  /** Makes the catalog's estimates other than they were, as time does. */
  async function grow(): Promise<void> {
    await fresh.client.query(
      `INSERT INTO contacts SELECT i, 'x' FROM generate_series(1000, 9000) AS i; ANALYZE contacts`,
    );
  }

  async function tables(): Promise<string[]> {
    const { rows } = await fresh.client.query<{ name: string }>(
      `SELECT schemaname || '.' || tablename AS name FROM pg_tables WHERE schemaname IN ('public', 'sluice')`,
    );
    return rows.map(({ name }) => name);
  }

  describe("for the first time", () => {
    it("stores the plan, takes the table, records the run, and touches nothing of the application's", async () => {
      const ref = await begin("first");
      expect(ref).toEqual({
        id: "first",
        migration: "contact-channel",
        database: "test",
        planHash: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
        message: "a new plan: no earlier run has left anything to go on with",
        resumeAt: "expand",
        backfill: { workers: [0, 1], maxConcurrency: 2 },
        validation: { workers: [0, 1], maxConcurrency: 2 },
      });
      expect((await ports.plans.get(ref.planHash)).migration).toBe("contact-channel");
      expect(await ports.registry.run("first")).toMatchObject({
        phase: "preflight",
        tables: ["test/public.contacts"],
        planHash: ref.planHash,
        executionArn: arn("first"),
        alarms: ["crm-errors", "crm-latency"],
      });
      expect(await ports.registry.run("first")).not.toHaveProperty("startedBy");
      const { rows } = await fresh.client.query(`SELECT run_id, migration, plan_hash, outcome FROM sluice.run`);
      expect(rows).toEqual([{ run_id: "first", migration: "contact-channel", plan_hash: ref.planHash, outcome: null }]);
      const { rows: columns } = await fresh.client.query(
        `SELECT attname FROM pg_attribute WHERE attrelid = 'contacts'::regclass AND attnum > 0`,
      );
      expect(columns).toHaveLength(3);
    });

    it("makes the ledger in a schema that a DBA has made for it", async () => {
      await fresh.client.query("CREATE SCHEMA sluice");
      expect(await begin("first")).toMatchObject({ resumeAt: "expand" });
      expect(await tables()).toContain("sluice.run");
    });

    it("refuses a ledger that a later version has changed, before it takes the table", async () => {
      await ensureLedger(fresh.database);
      await fresh.client.query(`INSERT INTO sluice.ledger_migration (number) VALUES (9999)`);
      await expect(begin("first")).rejects.toThrow(LedgerTooNew);
      expect(await ports.registry.runs(10)).toEqual([]);
    });

    it("refuses for every reason at once, and leaves no trace", async () => {
      ports.alarms.set("crm-errors", "ALARM");
      ports.alarms.set("crm-latency", "INSUFFICIENT_DATA");
      await fresh.client.query(`ALTER TABLE contacts ADD COLUMN acquisition_channel text`);
      await expect(begin("first")).rejects.toThrow(PreflightRefused);
      await expect(begin("first")).rejects.toThrow(
        /refused for 3 reasons; nothing was touched[^]*acquisition_channel[^]*crm-errors[^]*crm-latency/,
      );
      expect(await ports.registry.runs(10)).toEqual([]);
      expect(ports.plans.texts.size).toBe(0);
      expect(await tables()).toEqual(["public.contacts"]);
    });

    it("notes who started it, and every alarm that ends it, those of a single gate too", async () => {
      await ports.registry.recordInitiator("first", "arn:aws:iam::1:user/ann");
      ports.alarms.set("crm-queue", "OK");
      const gates = { ...MIGRATION.gates, before_cutover: { alarms: { names: ["crm-queue"] } } };
      await begin("first", { gates });
      expect(await ports.registry.run("first")).toMatchObject({
        startedBy: "arn:aws:iam::1:user/ann",
        alarms: ["crm-errors", "crm-latency", "crm-queue"],
      });
    });

    it("refuses a migration without a flag", async () => {
      ports = { ...ports, flags: new FakeFlags({ migrations: [] }) };
      await expect(begin("first")).rejects.toThrow(/flag "contact-channel"/);
    });

    it("gives the same plan when the call is repeated, although the table has grown since", async () => {
      const first = await begin("first");
      await grow();
      expect(await begin("first")).toEqual(first);
      expect(await ports.registry.run("first")).toMatchObject({ planHash: first.planHash });
      const { rows } = await fresh.client.query(`SELECT plan_hash FROM sluice.run`);
      expect(rows).toEqual([{ plan_hash: first.planHash }]);
    });

    it("lets one of two runs that begin at the same moment have the table", async () => {
      const results = await Promise.allSettled([begin("a"), begin("b")]);
      expect(results.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
      expect(await ports.registry.runs(10)).toHaveLength(1);
    });
  });

  describe("after one that was rolled back", () => {
    it("goes on with its stored plan, although the table has grown since", async () => {
      const first = await begin("first");
      await expand(first);
      await rollBack("first");
      await grow();
      const second = await begin("second");
      expect(second).toMatchObject({ planHash: first.planHash, resumeAt: "expand" });
      expect(second.message).toBe(
        `goes on with the plan of run "first": 3 of 3 steps of expand applied, no shard backfilled; nothing of it is done again`,
      );
      const steps = await untilDone(async () =>
        applyNextStep(ports.database, await runOf(second), (await runOf(second)).plan.expand),
      );
      expect(steps).toHaveLength(1);
    });

    it("says how far that one had come, in steps, shards and indexes, and says the same when the call is repeated", async () => {
      await fresh.client.query(`CREATE INDEX contacts_lead_source_idx ON contacts (lead_source);
        CREATE INDEX contacts_note_idx ON contacts (note, lead_source);
        INSERT INTO contacts SELECT i, 'source', repeat('x', 200) FROM generate_series(1000, 2000) AS i`);
      const first = await expand(await begin("first", { backfill: { shard_blocks: 16 } }));
      await enterPhase(ports, first, "backfill");
      await shards(ports, first, "backfill");
      await applyNextStep(ports.database, first, first.plan.indexes);
      await applyNextStep(ports.database, first, first.plan.indexes);
      const { rows } = await fresh.client.query<{ n: number }>(
        `WITH done AS (UPDATE sluice.shard SET done_at = now() WHERE from_block = 0 RETURNING 1)
         SELECT count(*)::int AS n FROM sluice.shard`,
      );
      await rollBack("first");
      const { message } = await begin("second", { backfill: { shard_blocks: 16 } });
      expect(message).toBe(
        `goes on with the plan of run "first": 3 of 3 steps of expand applied, ` +
          `1 of ${String(rows[0]?.n)} shards backfilled, 1 of 2 indexes built; nothing of it is done again`,
      );
      expect(rows[0]?.n).toBeGreaterThan(1);
      expect(await begin("second", { backfill: { shard_blocks: 16 } })).toMatchObject({ message });
    });

    it("is refused where the file has changed since, and names the run that expanded by it", async () => {
      await expand(await begin("first"));
      await rollBack("first");
      await expect(begin("second", { soak: "2h" })).rejects.toMatchObject({
        name: "PreflightRefused",
        message: /has changed since run "first" expanded the table by it/,
      });
      expect(await ports.registry.run("second")).toBeUndefined();
    });

    it("plans anew where that one had not begun to expand", async () => {
      const first = await begin("first");
      await rollBack("first");
      await grow();
      const second = await begin("second", { soak: "2h" });
      expect(second.planHash).not.toBe(first.planHash);
    });

    it("is refused where the stored plan is gone or damaged: a run executes its plan and nothing else", async () => {
      const first = await begin("first");
      await expand(first);
      await rollBack("first");
      ports.plans.texts.set(first.planHash, (ports.plans.texts.get(first.planHash) ?? "").replace("500", "501"));
      await expect(begin("second")).rejects.toThrow(PlanUnreadable);
      ports.plans.texts.clear();
      await expect(begin("second")).rejects.toThrow(PlanUnreadable);
      expect(await ports.registry.run("second")).toBeUndefined();
    });

    it("is refused where that one comes to its end while this one is being checked", async () => {
      await expand(await begin("first"));
      await claimRollback(ports, { run: "first" });
      const states = ports.alarms.states.bind(ports.alarms);
      vi.spyOn(ports.alarms, "states").mockImplementationOnce(async (names) => {
        await fresh.client.query(`UPDATE sluice.run SET outcome = 'done'; ALTER TABLE contacts DROP COLUMN note`);
        await ports.registry.releaseTableLocks("first", "run");
        return states(names);
      });
      await expect(begin("second")).rejects.toThrow(/changed during preflight, by another run or by DDL/);
      expect(await ports.registry.run("second")).toMatchObject({ phase: "rolled-back" });
      await expect(claimRollback(ports, { run: "second" })).rejects.toMatchObject({ name: "RollbackTooLate" });
      expect(await lockHolder(ports.registry, "test/public.contacts")).toBeUndefined();
    });

    it("is checked as the first was: an alarm refuses it", async () => {
      await expand(await begin("first"));
      await rollBack("first");
      ports.alarms.set("crm-errors", "ALARM");
      await expect(begin("second")).rejects.toThrow(/crm-errors/);
    });
  });

  describe("on a table that another run holds", () => {
    it("is refused while that one lives, and says which and where it is", async () => {
      await expand(await begin("first"));
      await expect(begin("second")).rejects.toMatchObject({
        name: "PreflightRefused",
        message:
          /table "test\/public\.contacts": locked by run "first", which is in phase expand.*Wait for that run, or roll it back/,
      });
      expect(await ports.registry.run("second")).toBeUndefined();
    });

    it.each(["FAILED", "TIMED_OUT", "ABORTED", "missing"] as const)(
      "takes it over where that one's execution is %s",
      async (status) => {
        const first = await expand(await begin("first"));
        ports.executions.set(arn("first"), status);
        const second = await begin("second");
        expect(second.planHash).toBe(first.plan.hash);
        expect(await ports.registry.acquireTableLocks({ ...(await record("second")), runId: "third" })).toMatchObject({
          runId: "second",
        });
      },
    );

    it("closes the dead run first, so that a call of its that is still under way changes nothing", async () => {
      const first = await expand(await begin("first"));
      ports.executions.set(arn("first"), "FAILED");
      await begin("second");
      expect(await record("first")).toMatchObject({
        phase: "rolled-back",
        reason: /ended without a rollback; run second/,
      });
      await expect(enterPhase(ports, first, "backfill")).rejects.toThrow(RunSuperseded);
    });

    it("is refused while a rollback of that one may be under way", async () => {
      await expand(await begin("first"));
      await claimRollback(ports, { run: "first" });
      ports.executions.set(arn("first"), "ABORTED");
      await expect(begin("second")).rejects.toThrow(
        /which is in phase rolled-back\. Its rollback is not over: wait for it, or start it again with sluice rollback/,
      );
    });

    it("is refused where a rollback of that one begins at this very moment, and leaves the table to it", async () => {
      await expand(await begin("first"));
      const status = ports.executions.status.bind(ports.executions);
      vi.spyOn(ports.executions, "status").mockImplementationOnce(async (executionArn) => {
        ports.executions.set(arn("first"), "FAILED");
        await claimRollback(ports, { run: "first", reason: 'alarm "crm-errors" fired' });
        return status(executionArn);
      });
      await expect(begin("second")).rejects.toThrow(/which is in phase rolled-back\. Its rollback is not over/);
      expect(await lockHolder(ports.registry, "test/public.contacts")).toMatchObject({ runId: "first" });
      expect(await ports.registry.run("second")).toBeUndefined();
    });

    it("keeps the table where that one died on the new path and somebody's DDL comes between: an alarm finds it", async () => {
      const first = await expand(await begin("first"));
      for (const phase of ["backfill", "validate", "cutover", "soak"] as const) await enterPhase(ports, first, phase);
      await ports.flags.deployNow(MIGRATION.migration, first.plan.cutover.at(-1)?.flag ?? OLD_PATH);
      ports.executions.set(arn("first"), "FAILED");
      const states = ports.alarms.states.bind(ports.alarms);
      vi.spyOn(ports.alarms, "states").mockImplementationOnce(async (names) => {
        await fresh.client.query(`CREATE INDEX contacts_note_idx ON contacts (note)`);
        return states(names);
      });
      await expect(begin("second")).rejects.toThrow(/changed during preflight, by another run or by DDL/);
      expect(await ports.registry.runsWatchedBy("crm-errors", REVERSIBLE)).toMatchObject([{ runId: "second" }]);
      ports.executions.set(arn("second"), "FAILED");
      expect(await begin("third")).toMatchObject({ planHash: first.plan.hash });
      expect(await claimRollback(ports, { run: "third" })).toMatchObject({ runId: "third" });
    });

    async function record(runId: string): Promise<NonNullable<Awaited<ReturnType<FakeRunRegistry["run"]>>>> {
      const found = await ports.registry.run(runId);
      if (!found) throw new Error(`no run ${runId}`);
      return found;
    }
  });

  describe("after one that stopped inside contract", () => {
    let first: Run;

    beforeEach(async () => {
      first = await expand(await begin("first"));
      await fresh.client.query(`UPDATE contacts SET acquisition_channel = lead_source`);
      for (const phase of ["backfill", "validate", "cutover", "soak", "cooling"] as const)
        await enterPhase(ports, first, phase);
      await ports.flags.deployNow(MIGRATION.migration, first.plan.cutover.at(-1)?.flag ?? OLD_PATH);
    });

    it("goes on with contract at once, although an alarm is bad: there is no way back", async () => {
      await claimAndContract(ports, first);
      ports.executions.set(arn("first"), "FAILED");
      ports.alarms.set("crm-errors", "ALARM");
      const second = await begin("second");
      expect(second).toMatchObject({
        resumeAt: "contract",
        planHash: first.plan.hash,
        message: expect.stringContaining("1 of 1 step of contract applied") as string,
      });
      expect(await ports.registry.run("second")).toMatchObject({ phase: "contract" });
      await expect(claimRollback(ports, { run: "second" })).rejects.toMatchObject({ name: "RollbackTooLate" });
      expect(await claimAndContract(ports, await runOf(second))).toMatchObject({ status: "done" });
    });

    it("does so where that one died before its first drop", async () => {
      await enterPhase(ports, first, "contract");
      ports.executions.set(arn("first"), "FAILED");
      const second = await begin("second");
      expect(second.resumeAt).toBe("contract");
      expect(await claimAndContract(ports, await runOf(second))).toMatchObject({ status: "more" });
    });

    it("does so where that one died between its claim and the ledger, and may still be dropping", async () => {
      await ports.registry.transition({ runId: "first", from: ["cooling"], to: "contract", at: "now" });
      ports.executions.set(arn("first"), "FAILED");
      expect(await begin("second")).toMatchObject({ resumeAt: "contract", planHash: first.plan.hash });
    });

    it("is refused where that one claims contract while this one is being checked, though it died at once", async () => {
      ports.executions.set(arn("first"), "FAILED");
      const states = ports.alarms.states.bind(ports.alarms);
      vi.spyOn(ports.alarms, "states").mockImplementationOnce(async (names) => {
        await ports.registry.transition({ runId: "first", from: ["cooling"], to: "contract", at: "now" });
        return states(names);
      });
      await expect(begin("second")).rejects.toThrow(/locked by run "first", which is in phase contract/);
      expect((await begin("third")).resumeAt).toBe("contract");
    });

    it("still refuses a changed file", async () => {
      await claimAndContract(ports, first);
      ports.executions.set(arn("first"), "FAILED");
      await expect(begin("second", { soak: "2h" })).rejects.toThrow(/has changed since run "first"/);
    });
  });

  it("after one that is done is refused: there is nothing left to rename", async () => {
    const first = await expand(await begin("first"));
    await fresh.client.query(
      `UPDATE sluice.run SET outcome = 'done'; ALTER TABLE contacts DROP COLUMN lead_source CASCADE`,
    );
    await ports.registry.releaseTableLocks("first", "run");
    await expect(begin("second")).rejects.toThrow(/lead_source/);
    expect(first.plan.hash).toHaveLength(64);
  });

  it("after one that is done begins anew where the table is again exactly as it was", async () => {
    const first = await expand(await begin("first"));
    await untilDone(() => applyNextStep(ports.database, first, first.plan.contract));
    await fresh.client.query(`UPDATE sluice.run SET outcome = 'done'`);
    await ports.registry.releaseTableLocks("first", "run");
    await fresh.client.query(`ALTER TABLE contacts RENAME COLUMN acquisition_channel TO lead_source`);
    const second = await expand(await begin("second"));
    expect(second.plan.hash).not.toBe(first.plan.hash);
    const { rows } = await fresh.client.query(
      `SELECT attname FROM pg_attribute WHERE attrelid = 'contacts'::regclass AND attname = 'acquisition_channel'`,
    );
    expect(rows).toHaveLength(1);
  });
});
