import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { OLD_PATH } from "../../core/flag.ts";
import type { MigrationInput } from "../../core/migration/schema.ts";
import { useDeployedStack } from "../support/deployed-stack.ts";
import { pause } from "../support/flow.ts";
import { renameMigration } from "../support/renamed-table.ts";
import { SeededRandom } from "../support/seeded-random.ts";
import { Workload } from "../support/workload.ts";

const TEST_TIMEOUT_MS = 180_000;
const HISTORY = 20_000;

/** One table a test, so that no test waits for another's. */
const migration = (name: string, more: Partial<MigrationInput> = {}): MigrationInput =>
  renameMigration(name, { gates: { alarms: [`${name}-alarm`], poll: "1s", timeout: "2s" }, ...more });

const LONG_HOLD: Partial<MigrationInput> = { soak: "1h" };

const stack = useDeployedStack([
  migration("whole"),
  migration("killed"),
  migration("returned", LONG_HOLD),
  migration("alarmed"),
  migration("corrupted", { soak: "5s" }),
  migration("refused"),
  migration("late"),
]);

async function createTable(table: string): Promise<void> {
  const { client, setAlarm } = stack();
  await client.query(`CREATE TABLE ${table} (id bigint PRIMARY KEY, lead_source text, note text)`);
  await client.query(
    `INSERT INTO ${table} SELECT i, CASE WHEN i % 4 > 0 THEN 'source ' || i % 9 END, repeat('x', 50) FROM generate_series(1, ${String(HISTORY)}) AS i`,
  );
  await setAlarm(`${table}-alarm`, "OK");
}

async function columns(table: string): Promise<string[]> {
  const { rows } = await stack().client.query<{ name: string }>(
    `SELECT column_name AS name FROM information_schema.columns WHERE table_name = $1 ORDER BY 1`,
    [table],
  );
  return rows.map(({ name }) => name);
}

async function one(query: string): Promise<unknown> {
  const { rows } = await stack().client.query<{ value: unknown }>(query);
  return rows[0]?.value;
}

async function workload(table: string): Promise<Workload> {
  const load = new Workload(stack().connect, {
    table,
    old: "lead_source",
    new: "acquisition_channel",
    values: ["web", "Fair ", "", "партнёр"],
  });
  const { rows } = await stack().client.query<{ id: string; value: string | null }>(
    `SELECT id::text, lead_source AS value FROM ${table}`,
  );
  for (const { id, value } of rows) load.expected.set(id, value);
  return load;
}

describe("a run of the deployed state machine", () => {
  it(
    "takes a rename from preflight to contract under live writers and loses nothing",
    async () => {
      const { start, ended, reaches, registry, client } = stack();
      await createTable("whole");
      const load = await workload("whole");
      const random = SeededRandom.fresh();
      load.start(2, random.seed);
      const run = await start("whole", "whole-1");
      await reaches(run, "backfill");
      load.access.newSide = true;
      await reaches(run, "soak");
      load.access.synced = true;
      load.access.oldSide = false;
      const { status, output, cause } = await ended(run);
      await load.stop();
      expect({ status, cause, errors: load.errors }).toEqual({ status: "SUCCEEDED", cause: undefined, errors: [] });
      expect(JSON.parse(output ?? "{}")).toMatchObject({
        runId: "whole-1",
        migration: "whole",
        beforeCutover: { mismatches: 0, differingSegments: 0 },
        beforeContract: { mismatches: 0, differingSegments: 0 },
      });
      expect(await columns("whole")).toEqual(["acquisition_channel", "id", "note"]);
      const { rows } = await client.query<{ id: string; value: string | null }>(
        `SELECT id::text, acquisition_channel AS value FROM whole`,
      );
      expect(new Map(rows.map(({ id, value }) => [id, value]))).toEqual(load.expected);
      expect((await registry.run("whole-1"))?.phase).toBe("done");
    },
    TEST_TIMEOUT_MS,
  );

  it(
    "goes on when the Lambdas' processes are killed in mid-backfill, and writes each row once",
    async () => {
      const { start, ended, reaches } = stack();
      await createTable("killed");
      const run = await start("killed", "killed-1");
      await reaches(run, "backfill");
      await pause(300);
      killLambdaProcesses();
      const { status, cause } = await ended(run);
      expect({ status, cause }).toEqual({ status: "SUCCEEDED", cause: undefined });
      expect(
        await one(`SELECT sum(rows_changed)::int AS value FROM sluice.shard s JOIN sluice.run r USING (plan_hash)
      WHERE r.run_id = 'killed-1' AND s.job = 'backfill'`),
      ).toBe((HISTORY * 3) / 4);
    },
    TEST_TIMEOUT_MS,
  );

  it(
    "returns all traffic when an operator rolls it back, and a new start goes on without a second backfill",
    async () => {
      const { start, ended, reaches, rollBack, flags, registry } = stack();
      await createTable("returned");
      const run = await start("returned", "returned-1");
      await reaches(run, "soak");
      expect(await flags.current("returned")).toMatchObject({ write: { percent: 100 } });
      expect((await ended(await rollBack("returned-1"))).status).toBe("SUCCEEDED");
      expect((await ended(run)).status).toBe("ABORTED");
      expect(await flags.current("returned")).toEqual(OLD_PATH);
      expect((await registry.run("returned-1"))?.phase).toBe("rolled-back");
      expect(await columns("returned")).toContain("lead_source");
      const written = await one(`SELECT max(started_at)::text AS value FROM sluice.shard WHERE job = 'backfill'`);
      const again = await start("returned", "returned-2");
      await reaches(again, "soak");
      expect(await one(`SELECT max(started_at)::text AS value FROM sluice.shard WHERE job = 'backfill'`)).toBe(written);
      expect((await registry.run("returned-2"))?.planHash).toBe((await registry.run("returned-1"))?.planHash);
      expect((await ended(await rollBack("returned-2"))).status).toBe("SUCCEEDED");
    },
    TEST_TIMEOUT_MS,
  );

  it(
    "rolls itself back when an alarm does not become OK in the gate's time",
    async () => {
      const { start, ended, reaches, setAlarm, registry, flags } = stack();
      await createTable("alarmed");
      const run = await start("alarmed", "alarmed-1");
      await reaches(run, "expand");
      await setAlarm("alarmed-alarm", "INSUFFICIENT_DATA");
      expect(await ended(run)).toMatchObject({ status: "FAILED", error: "GateFailed" });
      await rolledBack("alarmed-1");
      expect((await registry.run("alarmed-1"))?.reason).toContain("INSUFFICIENT_DATA");
      expect(await flags.deployed("alarmed")).toBe(false);
    },
    TEST_TIMEOUT_MS,
  );

  it(
    "finds a row that was written past the triggers, drops nothing, and returns traffic",
    async () => {
      const { start, ended, client, reaches, flags } = stack();
      await createTable("corrupted");
      const run = await start("corrupted", "corrupted-1");
      await reaches(run, "soak");
      // As a repair script might that wants to be quick.
      await client.query(`ALTER TABLE corrupted DISABLE TRIGGER ALL`);
      await client.query(`UPDATE corrupted SET acquisition_channel = 'wrong' WHERE id = 7`);
      const { status, error, cause } = await ended(run);
      expect({ status, error }).toEqual({ status: "FAILED", error: "DivergenceFound" });
      expect(cause).toContain(`1 of ${String(HISTORY)} rows differ`);
      await rolledBack("corrupted-1");
      expect(await flags.current("corrupted")).toEqual(OLD_PATH);
      expect(await columns("corrupted")).toContain("lead_source");
    },
    TEST_TIMEOUT_MS,
  );

  it(
    "refuses what pre-flight refuses before anything is touched",
    async () => {
      const { start, ended, client, setAlarm } = stack();
      await client.query(
        `CREATE TABLE refused (id bigint PRIMARY KEY, lead_source text GENERATED ALWAYS AS (note) STORED, note text)`,
      );
      await setAlarm("refused-alarm", "OK");
      const run = await start("refused", "refused-1");
      const { status, error, cause } = await ended(run);
      expect({ status, error }).toEqual({ status: "FAILED", error: "PreflightRefused" });
      expect(cause).toContain("is a generated column");
      expect(await columns("refused")).toEqual(["id", "lead_source", "note"]);
      expect(await stack().states(run)).toEqual(["Preflight", "Refused"]);
    },
    TEST_TIMEOUT_MS,
  );

  it(
    "refuses a rollback that comes after contract",
    async () => {
      const { start, ended, rollBack } = stack();
      await createTable("late");
      expect((await ended(await start("late", "late-1"))).status).toBe("SUCCEEDED");
      expect(await ended(await rollBack("late-1"))).toMatchObject({ status: "FAILED", error: "RollbackTooLate" });
    },
    TEST_TIMEOUT_MS,
  );

  async function rolledBack(runId: string): Promise<void> {
    const { registry } = stack();
    await expect.poll(async () => (await registry.run(runId))?.phase, { timeout: 30_000 }).toBe("rolled-back");
    await expect
      .poll(() => one(`SELECT outcome AS value FROM sluice.run WHERE run_id = '${runId}'`), { timeout: 30_000 })
      .toBe("rolled-back");
  }
});

/** The emulator runs each Lambda as a Node.js process of its own; the machine may take any of them at any time. */
function killLambdaProcesses(): void {
  const list = execFileSync("ps", ["-eo", "pid,args"], { encoding: "utf8" });
  const workers = list.split("\n").filter((line) => line.includes("ministack-lambda-") && /\bnode\b/.test(line));
  expect(workers.length).toBeGreaterThan(0);
  for (const line of workers) process.kill(Number(line.trim().split(/\s+/)[0]), "SIGKILL");
}
