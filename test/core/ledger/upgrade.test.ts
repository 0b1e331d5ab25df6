import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readCatalog } from "../../../core/catalog/read-catalog.ts";
import { LedgerTooNew } from "../../../core/errors.ts";
import { LEDGER_MIGRATIONS } from "../../../core/ledger/migrations.ts";
import { openPlan } from "../../../core/ledger/run.ts";
import { ensureLedger } from "../../../core/ledger/schema.ts";
import { appliedSteps } from "../../../core/ledger/step.ts";
import { migrationSchema } from "../../../core/migration/schema.ts";
import { planMigration } from "../../../core/plan/plan-migration.ts";
import { gateTimes } from "../../../core/gates/gate-times.ts";
import { newestValidation } from "../../../core/gates/newest-validation.ts";
import type { Run } from "../../../core/run/run.ts";
import { readProgress } from "../../../core/run/shards/progress.ts";
import { freshDatabase, type FreshDatabase } from "../../support/postgres.ts";
import { createContacts, MIGRATION } from "../run/stage.ts";
import { FIRST_LEDGER } from "./first-ledger.ts";

const TABLES = ["run", "phase", "step", "shard", `"check"`, "event"];
/** Of an event; rows of the other tables are compared whole. */
interface LedgerRow {
  readonly kind: string;
  readonly detail: Readonly<Record<string, unknown>>;
}
const FINDINGS = { rows: 50, segments: 1, oldNulls: 0, newNulls: 0, mismatches: 5, differingSegments: 1, worst: ["x"] };

const TIMES = { stableSeconds: 0, stableForSeconds: 60, waitedSeconds: 30 };

describe("a ledger of an earlier version", () => {
  let fresh: FreshDatabase;
  let run: Run;

  beforeEach(async () => {
    fresh = await freshDatabase();
    await createContacts(fresh, 50);
    await fresh.client.query("CREATE SCHEMA sluice");
    for (const statement of FIRST_LEDGER) await fresh.client.query(statement);
    run = await firstRun();
    await fill();
  });

  afterEach(() => fresh.close());

  it("keeps every row, and all but the words that were renamed", async () => {
    const before = await rows();
    await ensureLedger(fresh.database);
    const after = await rows();
    const renamed = [
      ["validation-result", FINDINGS],
      ["gate", { status: "wait", ...TIMES, readings: [{ ...reading("alarm"), status: "wait" }] }],
      ["gate", { status: "ask", readings: [{ ...reading("approval"), status: "wait" }] }],
      ["approval-requested", { requestedAt: "standby", deadline: "verdict" }],
      ["decision", { by: "ann", answer: "approved", reason: "verdict", at: "now" }],
    ];
    expect(after["event"]?.map(({ kind, detail }) => [kind, detail])).toEqual(renamed);
    const unnamed = ({ kind: _kind, detail: _detail, ...rest }: LedgerRow): object => rest;
    expect(after["event"]?.map(unnamed)).toEqual(before["event"]?.map(unnamed));
    expect({ ...after, event: [] }).toEqual({ ...before, event: [] });
  });

  it("is read as one that this version wrote", async () => {
    await ensureLedger(fresh.database);
    const { database } = fresh;
    const { hash } = run.plan;
    expect(await openPlan(database, MIGRATION.migration)).toEqual({
      planHash: hash,
      migrationHash: run.plan.migrationHash,
      runId: "old",
      contractBegun: false,
    });
    expect(await appliedSteps(database, hash)).toEqual(new Set(["expand"]));
    expect(await readProgress(database, { planHash: hash, runId: "old" })).toEqual([
      expect.objectContaining({ job: "backfill", shards: { done: 1, total: 2 }, rowsSynced: 40 }),
      expect.objectContaining({ job: "validate-before-cutover", mismatches: 5 }),
    ]);
    expect(await newestValidation(database, "old")).toEqual(FINDINGS);
  });

  it("knows since when a gate waits for a decision", async () => {
    await ensureLedger(fresh.database);
    const times = await gateTimes(fresh.database, "old", "before_cutover");
    // On hold for an hour, then all but the approval held for half of one: the look that asked for it ended the hold.
    expect(times).toMatchObject({ polls: 2, waitedSeconds: 0, elapsedSeconds: 0 });
    expect(times.stableSeconds).toBeGreaterThan(1_700);
  });

  it("records which migrations are applied, and when", async () => {
    await ensureLedger(fresh.database);
    expect(await applied()).toEqual(LEDGER_MIGRATIONS.map((_, index) => index + 1));
  });

  it("is upgraded once, though two sessions do it at the same moment, and again later", async () => {
    await Promise.all([ensureLedger(fresh.database), ensureLedger(fresh.database)]);
    const [after, numbers] = [await rows(), await applied()];
    await ensureLedger(fresh.database);
    expect(await rows()).toEqual(after);
    expect(await applied()).toEqual(numbers);
    expect(numbers).toHaveLength(LEDGER_MIGRATIONS.length);
  });

  it("is left as it was where a migration fails", async () => {
    await fresh.client.query(`ALTER TABLE sluice.event ADD CHECK (kind <> 'validation-result')`);
    const before = await rows();
    await expect(ensureLedger(fresh.database)).rejects.toThrow(/validation-result|event_kind_check/);
    expect(await rows()).toEqual(before);
    expect((await fresh.client.query(`SELECT to_regclass('sluice.ledger_migration') AS name`)).rows).toEqual([
      { name: null },
    ]);
  });

  it("has the tables, indexes and constraints of one that is made anew", async () => {
    await ensureLedger(fresh.database);
    const upgraded = await shape();
    await fresh.client.query("DROP SCHEMA sluice CASCADE");
    await ensureLedger(fresh.database);
    expect(await shape()).toEqual(upgraded);
  });

  it("is refused where a later version has changed it, and left alone", async () => {
    await ensureLedger(fresh.database);
    const newer = LEDGER_MIGRATIONS.length + 1;
    await fresh.client.query(`INSERT INTO sluice.ledger_migration (number) VALUES ($1)`, [newer]);
    const before = await rows();
    await expect(ensureLedger(fresh.database)).rejects.toThrow(LedgerTooNew);
    await expect(ensureLedger(fresh.database)).rejects.toThrow(
      new RegExp(`schema "sluice".*is at migration ${String(newer)}.*sluice deploy`),
    );
    expect(await rows()).toEqual(before);
  });

  /** A plan of this version: the ledger knows a plan by its hash alone. */
  async function firstRun(): Promise<Run> {
    const table = { schema: "public", name: "contacts" };
    const plan = planMigration(migrationSchema.parse(MIGRATION), await readCatalog(fresh.database, table));
    const workers = { workers: [0], maxConcurrency: 1 };
    return {
      plan,
      ref: {
        id: "old",
        migration: plan.migration,
        database: plan.database,
        planHash: plan.hash,
        message: "a new plan",
        resumeAt: "expand",
        backfill: workers,
        validation: workers,
      },
    };
  }

  /** What a run of the earlier version leaves that waits for its approval before cutover. */
  async function fill(): Promise<void> {
    const { hash, migration, migrationHash } = run.plan;
    const { client } = fresh;
    await client.query(
      `INSERT INTO sluice.run (run_id, migration, migration_hash, plan_hash) VALUES ('old', $1, $2, $3)`,
      [migration, migrationHash, hash],
    );
    await client.query(`INSERT INTO sluice.phase (run_id, phase) VALUES ('old', 'expand'), ('old', 'validate')`);
    await client.query(`INSERT INTO sluice.step (plan_hash, step_id, run_id) VALUES ($1, 'expand', 'old')`, [hash]);
    await client.query(
      `INSERT INTO sluice.shard (plan_hash, job, relation, filenode, from_block, to_block, next_block, rows_changed, started_at, done_at)
       SELECT $1, s.job, c.oid, pg_relation_filenode(c.oid), s.at, s.at + 10, s.at + s.done, s.rows,
         now() - interval '1 hour' + s.later, CASE s.done WHEN 10 THEN now() END
       FROM pg_class AS c, (VALUES
         ('backfill', 0, 10, 40, interval '0'), ('backfill', 10, 0, 0, NULL),
         ('validate-before-cutover@old', 0, 10, 0, interval '1 minute')) AS s (job, at, done, rows, later)
       WHERE c.oid = 'public.contacts'::regclass`,
      [hash],
    );
    await client.query(
      `INSERT INTO sluice."check"
       SELECT plan_hash, job, relation, filenode, from_block, '{}', 50, 0, 0, 5, 1, 2 FROM sluice.shard WHERE job <> 'backfill'`,
    );
    await event("verdict", "validate-before-cutover", FINDINGS);
    const [alarm, approval] = ["alarm", "approval"].map((kind) => ({ ...reading(kind), verdict: "hold" }));
    const times = { passedSeconds: 0, holdSeconds: 60, heldSeconds: 30 };
    await event("gate", "before_cutover", { verdict: "hold", ...times, readings: [alarm] }, "90 minutes");
    await event("gate", "before_cutover", { verdict: "standby", readings: [approval] }, "30 minutes");
    await event("approval-requested", "before_cutover", { requestedAt: "standby", deadline: "verdict" });
    await event("decision", "before_contract", { by: "ann", verdict: "approved", reason: "verdict", at: "now" });
  }

  const reading = (kind: string): object => ({ kind, name: kind, value: "", threshold: "", reason: "" });

  async function event(kind: string, subject: string, detail: object, ago = "0"): Promise<void> {
    await fresh.client.query(
      `INSERT INTO sluice.event (run_id, kind, subject, detail, at) VALUES ('old', $1, $2, $3, now() - CAST($4 AS interval))`,
      [kind, subject, JSON.stringify(detail), ago],
    );
  }

  async function rows(): Promise<Record<string, LedgerRow[]>> {
    const all: Record<string, LedgerRow[]> = {};
    for (const table of TABLES)
      all[table] = (await fresh.client.query(`SELECT * FROM sluice.${table} ORDER BY 1, 2, 3`)).rows;
    return all;
  }

  async function applied(): Promise<number[]> {
    const { rows } = await fresh.client.query(`SELECT number, applied_at FROM sluice.ledger_migration ORDER BY number`);
    for (const row of rows) expect(row.applied_at).toBeInstanceOf(Date);
    return rows.map(({ number }) => number);
  }

  async function shape(): Promise<unknown> {
    const { rows } = await fresh.client.query(
      `SELECT table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable || ' ' || coalesce(column_default, '') AS line
       FROM information_schema.columns WHERE table_schema = 'sluice'
       UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'sluice'
       UNION ALL SELECT conrelid::regclass || ' ' || pg_get_constraintdef(oid) FROM pg_constraint
         WHERE connamespace = 'sluice'::regnamespace
       ORDER BY 1`,
    );
    return rows;
  }
});

describe("the first migration of the ledger", () => {
  it("is what the version before the migrations made", () => {
    const bare = (statement: string): string => statement.replaceAll(/\s+/g, " ");
    expect(LEDGER_MIGRATIONS[0]?.map(bare)).toEqual(FIRST_LEDGER.map(bare));
  });
});
