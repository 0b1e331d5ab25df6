import { beforeAll, describe, expect, it } from "vitest";
import { OLD_PATH } from "../../core/flag.ts";
import type { MigrationInput } from "../../core/migration/schema.ts";
import { type DeployedStack, until, useDeployedStack } from "../support/deployed-stack.ts";
import { pause } from "../support/flow.ts";
import type { CommandOutcome, Operator } from "../support/operator.ts";
import { Barrier, migrationOf, renameMigration, RenamedTable } from "../support/renamed-table.ts";

const TEST_TIMEOUT_MS = 240_000;
const HISTORY = 2_000;
/** Enough batches of a block that a pause meets the workers at work. */
const LONG_HISTORY = 120_000;

type Gates = NonNullable<MigrationInput["gates"]>;
const ALARM = "approvals-alarm";
const gates = (more: Gates = {}): Gates => ({ alarms: [ALARM], poll: "1s", ...more });
const asking = (approval: NonNullable<NonNullable<Gates["before_cutover"]>["approval"]>): Partial<MigrationInput> => ({
  gates: gates({ before_cutover: { approval } }),
});

const stack = useDeployedStack([
  renameMigration("asked", asking({ within: "1h" })),
  renameMigration("unanswered", asking({ within: "3s" })),
  renameMigration("four_eyes", asking({ within: "1h", self_approval: false })),
  renameMigration("too_late", asking({ within: "1h" })),
  renameMigration("rejected", asking({ within: "1h" })),
  renameMigration("paused", {
    gates: gates(),
    backfill: { shard_blocks: 16, batch: { initial_blocks: 1, target: "1ms" }, slice: "10s" },
  }),
  renameMigration("aborted", { gates: gates({ before_backfill: { sql: [new Barrier("aborted").predicate] } }) }),
  renameMigration("undone", { gates: gates({ before_validate: { sql: [new Barrier("undone").predicate] } }) }),
]);

let anna: Operator;
let boris: Operator;

beforeAll(async () => {
  await Barrier.prepare(stack());
  await stack().setAlarm(ALARM, "OK");
  [anna, boris] = [await stack().operator("anna"), await stack().operator("boris")];
});

describe.concurrent("a gate that asks people", () => {
  it(
    "tells them everything but the token, stands by, takes one answer, and goes on",
    async () => {
      const { run, runId, planHash, message } = await asks("asked");
      const { standbyToken, ended, registry } = stack();
      for (const fact of [
        runId,
        "public.asked",
        "crm",
        planHash,
        "before_cutover",
        ALARM,
        `npx sluice approve ${runId} --plan ${planHash.slice(0, 8)}`,
        `npx sluice reject ${runId}`,
      ]) {
        expect(message).toContain(fact);
      }
      const token = await until(() => standbyToken(runId));
      expect(token).toMatch(/.{8,}/);
      expect(JSON.stringify([stack().inbox.messages, await registry.run(runId)])).not.toContain(token);

      const wrong = await boris.command("approve", { run: runId, plan: "0".repeat(64), reason: "looks right" });
      expect(refusal(wrong)).toContain(planHash.slice(0, 8));
      expect(refusal(await boris.command("approve", { run: "nobody-1", plan: planHash, reason: "?" }))).toContain(
        "nobody-1",
      );
      expect(refusal(await boris.command("approve", { run: runId, plan: planHash, reason: "" }))).toMatch(/reason/);
      expect(await registry.run(runId)).toMatchObject({ phase: "validate" });

      const yes = await boris.command("approve", { run: runId, plan: planHash, reason: "checked the numbers" });
      expect(yes).toMatchObject({ done: { run: runId, gate: "before_cutover", answer: "approved", by: boris.arn } });
      const second = await anna.command("approve", { run: runId, plan: planHash, reason: "me too" });
      expect(refusal(second)).toContain(boris.arn);
      expect(await ended(run)).toMatchObject({ status: "SUCCEEDED" });
      const decisions = await stack().client.query<{ detail: unknown }>(
        `SELECT detail FROM sluice.event WHERE run_id = $1 AND kind = 'decision'`,
        [runId],
      );
      expect(decisions.rows).toEqual([
        { detail: expect.objectContaining({ answer: "approved", by: boris.arn, reason: "checked the numbers" }) },
      ]);
      expect(await standbyToken(runId)).toBeUndefined();
    },
    TEST_TIMEOUT_MS,
  );

  it(
    "rolls back when nobody answers in time, and takes no answer after that",
    async () => {
      const { run, runId, planHash } = await starts("unanswered");
      const { ended, registry, flags } = stack();
      expect(await ended(run)).toMatchObject({ status: "FAILED", error: "ApprovalDenied" });
      await rolledBack(runId);
      const late = await boris.command("approve", { run: runId, plan: planHash, reason: "sorry, lunch" });
      expect(refusal(late)).toMatch(/rolled back/);
      expect(await registry.run(runId)).toMatchObject({ phase: "rolled-back" });
      expect(await flags.deployed("unanswered")).toBe(false);
    },
    TEST_TIMEOUT_MS,
  );

  it(
    "lets nobody approve the run that they started themselves, where the migration says so",
    async () => {
      const table = await RenamedTable.create(stack(), "four_eyes", HISTORY);
      const runId = "four-eyes-1";
      const started = await anna.command("start", { run: runId, migration: table.migration });
      expect(started).toMatchObject({ done: { run: runId } });
      const executionArn = "done" in started ? String(started.done["executionArn"]) : "";
      await stack().standsAt(executionArn, "WaitForCallbackBeforeCutover");
      const { planHash = "", startedBy } = (await stack().registry.run(runId)) ?? {};
      expect(startedBy).toBe(anna.arn);
      const own = await anna.command("approve", { run: runId, plan: planHash, reason: "trust me" });
      expect(refusal(own)).toContain(anna.arn);
      expect(await boris.command("approve", { run: runId, plan: planHash, reason: "read it" })).toMatchObject({
        done: { answer: "approved" },
      });
      expect(await stack().ended(executionArn)).toMatchObject({ status: "SUCCEEDED" });
    },
    TEST_TIMEOUT_MS,
  );

  it(
    "takes no approval after a rollback",
    async () => {
      const { run, runId, planHash } = await asks("too_late");
      const { rollBack, ended } = stack();
      expect(await ended(await rollBack(runId))).toMatchObject({ status: "SUCCEEDED" });
      // Stopped by the rollback, unless the callback's function was still at work and found the run claimed.
      expect(["ABORTED", "FAILED"]).toContain((await ended(run)).status);
      const late = await boris.command("approve", { run: runId, plan: planHash, reason: "go" });
      expect(refusal(late)).toMatch(/rolled back.*a test asked for it/);
    },
    TEST_TIMEOUT_MS,
  );

  it(
    "rolls back for the reason of whoever rejects it",
    async () => {
      const { run, runId } = await asks("rejected");
      const no = await boris.command("reject", { run: runId, reason: "quarter end" });
      expect(no).toMatchObject({ done: { run: runId, answer: "rejected", by: boris.arn } });
      expect(await stack().ended(run)).toMatchObject({ status: "FAILED", error: "ApprovalDenied" });
      await rolledBack(runId);
      expect((await stack().registry.run(runId))?.reason).toMatch(/quarter end/);
    },
    TEST_TIMEOUT_MS,
  );
});

describe.concurrent("a person", () => {
  it(
    "pauses a backfill in its midst, sees it stand, and lets it go on to its end",
    async () => {
      const table = await RenamedTable.create(stack(), "paused", LONG_HISTORY);
      const { start, reaches, standsAt, ended, registry, states } = stack();
      const run = await start(table.migration, "paused-1");
      await reaches(run, "backfill");
      await until(async () => ((await batches(table)) > 3 ? true : undefined));
      const paused = await anna.command("pause", { run: "paused-1", reason: "month end" });
      expect(paused).toMatchObject({ done: { run: "paused-1" } });
      expect(refusal(await boris.command("pause", { run: "paused-1", reason: "also" }))).toContain(anna.arn);
      await standsAt(run, "WaitForCallbackInBackfill");
      const standing = await batches(table);
      expect(await unfinishedShards(table)).toBeGreaterThan(0);
      await pause(3_000);
      expect(await batches(table)).toBe(standing);
      expect(await registry.run("paused-1")).toMatchObject({
        phase: "backfill",
        paused: { by: anna.arn, reason: "month end" },
      });

      expect(await boris.command("resume", { run: "paused-1" })).toMatchObject({ done: { run: "paused-1" } });
      expect(refusal(await boris.command("resume", { run: "paused-1" }))).toMatch(/not paused/);
      expect(await ended(run)).toMatchObject({ status: "SUCCEEDED" });
      expect((await states(run)).filter((state) => state === "WaitForCallbackInBackfill")).toHaveLength(1);
      expect(await table.events("paused-1", "paused")).toMatchObject([
        { detail: { by: anna.arn, reason: "month end" } },
      ]);
      expect(await table.events("paused-1", "resumed")).toHaveLength(1);
      expect(await table.lostWrites()).toEqual([]);
    },
    TEST_TIMEOUT_MS,
  );

  it(
    "ends a paused run by rolling it back, and starts anew",
    async () => {
      const table = await RenamedTable.create(stack(), "aborted", HISTORY);
      const { start, standsAt, ended, sluice, registry } = stack();
      const run = await start(table.migration, "aborted-1");
      await standsAt(run, "GateBeforeBackfillWait");
      expect(await anna.command("pause", { run: "aborted-1", reason: "hm" })).toMatchObject({ done: {} });
      await standsAt(run, "WaitForCallbackBeforeBackfill");
      expect(await sluice("abort", "aborted-1", "--reason", "another week")).toMatchObject({ code: 0 });
      expect(await ended(run)).toMatchObject({ status: "ABORTED" });
      await rolledBack("aborted-1");
      expect((await registry.run("aborted-1"))?.reason).toContain("another week");
      expect(refusal(await anna.command("resume", { run: "aborted-1" }))).toMatch(/rolled back|rolled-back/);
      await new Barrier("aborted").open(stack());
      expect(await ended(await start(table.migration, "aborted-2"))).toMatchObject({ status: "SUCCEEDED" });
    },
    TEST_TIMEOUT_MS,
  );

  it(
    "takes the new column away after a rollback, and not before it",
    async () => {
      const table = await RenamedTable.create(stack(), "undone", HISTORY);
      const { start, standsAt, ended, rollBack, undo, registry } = stack();
      const before = await table.columns();
      const run = await start(table.migration, "undone-1");
      await standsAt(run, "GateBeforeValidateWait");
      expect(await table.columns()).toContain("acquisition_channel");
      expect(await ended(await undo("undone-1"))).toMatchObject({ status: "FAILED", error: "UndoRefused" });
      expect(await table.columns()).toContain("acquisition_channel");
      expect(await registry.run("undone-1")).toMatchObject({ phase: "backfill" });

      expect(await ended(await rollBack("undone-1"))).toMatchObject({ status: "SUCCEEDED" });
      const { status, cause } = await ended(await undo("undone-1"));
      expect({ status, cause }).toEqual({ status: "SUCCEEDED", cause: undefined });
      expect(await table.columns()).toEqual(before);
      expect(await triggers(table)).toEqual([]);
      expect(await table.lostWrites()).toEqual([]);
      expect(await table.outcome("undone-1")).toBe("undone");
      expect(await registry.run("undone-1")).toMatchObject({ phase: "undone" });

      await new Barrier("undone").open(stack());
      expect(await ended(await start(table.migration, "undone-2"))).toMatchObject({ status: "SUCCEEDED" });
      expect(await table.columns()).toEqual(["acquisition_channel", "id", "note"]);
    },
    TEST_TIMEOUT_MS,
  );
});

interface Begun {
  readonly table: RenamedTable;
  readonly run: string;
  readonly runId: string;
  readonly planHash: string;
}

/** Starts a run, and waits until it has a plan. */
async function starts(name: string): Promise<Begun> {
  const { start, registry } = stack();
  const table = await RenamedTable.create(stack(), name, HISTORY);
  const runId = `${migrationOf(name)}-1`;
  const run = await start(table.migration, runId);
  const { planHash } = await until(() => registry.run(runId));
  return { table, run, runId, planHash };
}

/** Starts a run, and waits until it asks. */
async function asks(name: string): Promise<Begun & { readonly message: string }> {
  const begun = await starts(name);
  await stack().standsAt(begun.run, "WaitForCallbackBeforeCutover");
  const about = () => stack().inbox.about(begun.runId)[0];
  const { subject, body } = await until(() => Promise.resolve(about()));
  expect(stack().inbox.about(begun.runId)).toHaveLength(1);
  return { ...begun, message: `${subject}\n${body}` };
}

async function rolledBack(runId: string): Promise<void> {
  const { rollbacks, ended, registry, flags }: DeployedStack = stack();
  const { executionArn = "" } = await until(async () => (await rollbacks(runId))[0]);
  expect(await ended(executionArn)).toMatchObject({ status: "SUCCEEDED" });
  const record = await registry.run(runId);
  expect(record).toMatchObject({ phase: "rolled-back" });
  expect((await flags.current(record?.migration ?? "")) ?? OLD_PATH).toEqual(OLD_PATH);
}

function refusal(outcome: CommandOutcome): string {
  if (!("refused" in outcome)) throw new Error(`not refused: ${JSON.stringify(outcome.done)}`);
  expect(outcome.refused.name).toMatch(/^(DecisionRefused|PauseRefused|NotFound|ConfigurationInvalid)$/);
  return outcome.refused.message;
}

async function batches(table: RenamedTable): Promise<number> {
  return count(`SELECT coalesce(sum(batches), 0)::int AS n`, table);
}

async function unfinishedShards(table: RenamedTable): Promise<number> {
  return count(`SELECT (count(*) FILTER (WHERE done_at IS NULL))::int AS n`, table);
}

async function count(select: string, { migration }: RenamedTable): Promise<number> {
  const { rows } = await stack().client.query<{ n: number }>(
    `${select} FROM sluice.shard JOIN sluice.run USING (plan_hash) WHERE job = 'backfill' AND migration = $1`,
    [migration],
  );
  return rows[0]?.n ?? 0;
}

async function triggers({ name }: RenamedTable): Promise<readonly string[]> {
  const { rows } = await stack().client.query<{ tgname: string }>(
    `SELECT tgname FROM pg_trigger WHERE tgrelid = $1::regclass AND NOT tgisinternal`,
    [name],
  );
  return rows.map(({ tgname }) => tgname);
}
