import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { countEvents, recordEvent } from "../../../core/ledger/event.ts";
import { finishedRuns, newestRun, openPlan, recordOutcome, recordRun, runOutcome } from "../../../core/ledger/run.ts";
import { ensureLedger, ledgerExists } from "../../../core/ledger/schema.ts";
import { appliedSteps, recordStep } from "../../../core/ledger/step.ts";
import type { Database } from "../../../core/ports.ts";
import { freshDatabase, type FreshDatabase } from "../../support/postgres.ts";

describe("the ledger", () => {
  let fresh: FreshDatabase;

  beforeEach(async () => {
    fresh = await freshDatabase();
  });

  afterEach(() => fresh.close());

  it("is made once, although several runs make it at the same moment, and keeps what is in it", async () => {
    await Promise.all(Array.from({ length: 5 }, () => ensureLedger(fresh.database)));
    await run("first");
    await ensureLedger(fresh.database);
    const { rows } = await fresh.client.query(`SELECT tablename FROM pg_tables WHERE schemaname = 'sluice' ORDER BY 1`);
    expect(rows.map(({ tablename }: { tablename: string }) => tablename)).toEqual([
      "check",
      "event",
      "ledger_migration",
      "phase",
      "run",
      "shard",
      "step",
    ]);
    expect((await fresh.client.query(`SELECT run_id FROM sluice.run`)).rows).toEqual([{ run_id: "first" }]);
  });

  it("is made in a schema that was given to a role which may create none", async () => {
    const role = `migrator_${fresh.name}`;
    await fresh.client.query(`CREATE ROLE ${role}; CREATE SCHEMA sluice AUTHORIZATION ${role}`);
    await fresh.client.query(`REVOKE CREATE ON DATABASE ${fresh.name} FROM PUBLIC, ${role}`);
    const { database } = fresh;
    const asRole: Database = {
      execute: (statement) => database.execute(statement),
      executeLong: (statement) => database.executeLong(statement),
      transaction: (work) =>
        database.transaction(async (session) => {
          await session.execute({ text: `SET LOCAL ROLE ${role}`, parameters: {} });
          return work(session);
        }),
    };
    try {
      await ensureLedger(asRole);
      const { rows } = await fresh.client.query(
        `SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'sluice'`,
      );
      expect(rows).toEqual([{ tableowner: role }]);
    } finally {
      await fresh.client.query(`DROP SCHEMA sluice CASCADE; DROP OWNED BY ${role}; DROP ROLE ${role}`);
    }
  });

  describe("of steps and events", () => {
    beforeEach(() => ensureLedger(fresh.database));

    it("has a step of a plan once, and says who was second", async () => {
      const step = { planHash: "p", stepId: "s", runId: "first" };
      expect(await recordStep(fresh.database, step)).toBe(true);
      expect(await recordStep(fresh.database, { ...step, runId: "second" })).toBe(false);
      expect(await recordStep(fresh.database, { ...step, planHash: "q" })).toBe(true);
      expect(await appliedSteps(fresh.database, "p")).toEqual(new Set(["s"]));
      expect(await appliedSteps(fresh.database, "none")).toEqual(new Set());
    });

    it("counts the events of one run, kind and subject", async () => {
      const event = { runId: "r", kind: "lock-timeout", subject: "s", detail: { who: `it's "them" \\ :p1` } } as const;
      for (const other of [
        event,
        event,
        { ...event, subject: "t" },
        { ...event, runId: "q" },
        { ...event, kind: "gate" as const },
      ]) {
        await recordEvent(fresh.database, other);
      }
      expect(await countEvents(fresh.database, event)).toBe(2);
      const { rows } = await fresh.client.query(`SELECT detail FROM sluice.event LIMIT 1`);
      expect(rows).toEqual([{ detail: event.detail }]);
    });
  });

  it("is there once it has been made", async () => {
    expect(await ledgerExists(fresh.database)).toBe(false);
    await ensureLedger(fresh.database);
    expect(await ledgerExists(fresh.database)).toBe(true);
  });

  describe("knows the open plan of a migration", () => {
    beforeEach(() => ensureLedger(fresh.database));

    it("only from its first step on", async () => {
      await run("first");
      expect(await open()).toBeUndefined();
      await recordStep(fresh.database, { planHash: "p", stepId: "expand", runId: "first" });
      expect(await open()).toEqual({ planHash: "p", migrationHash: "m", runId: "first", contractBegun: false });
    });

    it("after a rollback too, by its newest run", async () => {
      await begun("first");
      await recordOutcome(fresh.database, "first", "rolled-back");
      await run("second");
      expect(await open()).toMatchObject({ planHash: "p", runId: "second" });
    });

    it("no more when a run of it is done, or undone", async () => {
      await begun("first");
      await run("second");
      await recordOutcome(fresh.database, "first", "done");
      expect(await open()).toBeUndefined();
      await fresh.client.query(`UPDATE sluice.run SET outcome = 'undone' WHERE run_id = 'first'`);
      expect(await open()).toBeUndefined();
    });

    it("and keeps it closed although another outcome of the run comes late", async () => {
      await begun("first");
      expect(await recordOutcome(fresh.database, "first", "rolled-back")).toBe(true);
      expect(await recordOutcome(fresh.database, "first", "undone")).toBe(true);
      for (const late of ["rolled-back", "undone", "done"] as const) {
        expect(await recordOutcome(fresh.database, "first", late)).toBe(false);
      }
      expect(await runOutcome(fresh.database, "first")).toBe("undone");
      expect(await open()).toBeUndefined();
      expect(await finishedRuns(fresh.database, "rename")).toBe(1);
    });

    it("and the newest of its runs beside one", async () => {
      await run("first");
      await run("second");
      await run("third", { planHash: "later" });
      expect(await newestRun(fresh.database, { planHash: "p", except: "second" })).toBe("first");
      expect(await newestRun(fresh.database, { planHash: "p", except: "third" })).toBe("second");
      expect(await newestRun(fresh.database, { planHash: "later", except: "third" })).toBeUndefined();
      expect(await runOutcome(fresh.database, "first")).toBeUndefined();
      expect(await runOutcome(fresh.database, "none")).toBeUndefined();
    });

    it("and whether any of its runs began contract", async () => {
      await begun("first");
      await fresh.client.query(`INSERT INTO sluice.phase (run_id, phase) VALUES ('first', 'contract')`);
      await run("second");
      expect(await open()).toMatchObject({ runId: "second", contractBegun: true });
    });

    it("and not that of another migration, or of a plan that came after and began nothing", async () => {
      await begun("first");
      await run("second", { planHash: "later" });
      expect(await open()).toMatchObject({ planHash: "p" });
      expect(await openPlan(fresh.database, "another")).toBeUndefined();
    });

    const open = (): ReturnType<typeof openPlan> => openPlan(fresh.database, "rename");

    async function begun(runId: string): Promise<void> {
      await run(runId);
      await recordStep(fresh.database, { planHash: "p", stepId: "expand", runId });
    }
  });

  const run = (runId: string, changes: { readonly planHash?: string } = {}): Promise<void> =>
    recordRun(fresh.database, { runId, migration: "rename", migrationHash: "m", planHash: "p", ...changes });
});
