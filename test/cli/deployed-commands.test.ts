import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { CloudWatchClient, PutMetricAlarmCommand, SetAlarmStateCommand } from "@aws-sdk/client-cloudwatch";
import pg from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { RunView } from "../../cli/run-view.ts";
import type { LocalStack } from "../../local/stack.ts";
import { up } from "../../local/up.ts";
import { clientConfig } from "../support/emulator.ts";
import { renameMigration } from "../support/renamed-table.ts";
import type { Outcome } from "./test-cli.ts";

const UP_TIMEOUT_MS = 300_000;
const TEST_TIMEOUT_MS = 300_000;
const ALARM = "commands-alarm";

let stack: LocalStack;
let client: pg.Client;
let folder: string;
let file: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sluice-commands-"));
  await mkdir(join(folder, "migrations"));
  file = join(folder, "migrations", "leads.json");
  const gates = { alarms: [ALARM], poll: "1s", before_cutover: { approval: { within: "1h" } } };
  await writeFile(file, JSON.stringify(renameMigration("leads", { gates })));
  stack = await up({ directory: join(folder, "stack"), migrations: join(folder, "migrations") });
  client = new pg.Client({ connectionString: stack.connectionString });
  await client.connect();
  await client.query(`
    CREATE TABLE leads (id bigint PRIMARY KEY, lead_source text, note text);
    INSERT INTO leads SELECT i, 'web', 'x' FROM generate_series(1, 2000) AS i;
    ANALYZE leads;`);
  await makeHealthy();
}, UP_TIMEOUT_MS);

afterAll(async () => {
  await client.end();
  await stack.stop();
  await rm(folder, { recursive: true, force: true });
});

/** The alarm that every gate asks for is there, and OK. */
async function makeHealthy(): Promise<void> {
  const cloudWatch = new CloudWatchClient(clientConfig(stack.state.environment["AWS_ENDPOINT_URL"] ?? ""));
  const metric = { Namespace: "Test", MetricName: "Errors", Statistic: "Sum", Period: 60 } as const;
  const alarm = { AlarmName: ALARM, ComparisonOperator: "GreaterThanThreshold", EvaluationPeriods: 1 } as const;
  await cloudWatch.send(new PutMetricAlarmCommand({ ...alarm, ...metric, Threshold: 1 }));
  await cloudWatch.send(new SetAlarmStateCommand({ AlarmName: ALARM, StateValue: "OK", StateReason: "test" }));
}

/** The program as a person runs it, on the stack that is up. */
async function sluice(...args: readonly string[]): Promise<Outcome> {
  const { environment, configFile } = stack.state;
  const env = { ...process.env, ...environment, SLUICE_CONFIG: configFile, NO_COLOR: "1" };
  const run = promisify(execFile)(process.execPath, ["bin/sluice.mjs", ...args], { env });
  return run.then(
    ({ stdout, stderr }) => ({ code: 0, out: stdout, err: stderr }),
    (error: unknown) => {
      const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
      return { code, out: stdout, err: stderr };
    },
  );
}

async function viewOf(run: string): Promise<RunView> {
  const { out, err } = await sluice("status", run, "--json");
  expect(err).toBe("");
  return JSON.parse(out) as RunView;
}

/** Until the gate before cutover has asked. */
async function asks(run: string): Promise<void> {
  await expect.poll(async () => (await viewOf(run)).approvals.length, { timeout: 120_000, interval: 500 }).toBe(1);
}

const columns = async (): Promise<readonly string[]> => {
  const { rows } = await client.query<{ name: string }>(
    "SELECT column_name AS name FROM information_schema.columns WHERE table_name = 'leads' ORDER BY ordinal_position",
  );
  return rows.map(({ name }) => name);
};

it(
  "start, pause, resume, approve, reject, abort and undo a run of the deployed stack",
  async () => {
    const before = await columns();
    const looked = await sluice("preflight", file);
    expect(looked, looked.out).toMatchObject({ code: 0, err: "" });

    const started = await sluice("start", "leads", "--name", "monday");
    expect(started, started.err).toMatchObject({ code: 0 });
    expect(started.out).toMatch(/^✓ monday passed pre-flight\n {2}\S.*\n {2}arn:/);
    expect((await sluice("start", "leads", "--name", "monday")).code).toBe(3);
    await asks("monday");
    const asked = await viewOf("monday");
    expect(asked.unread).toEqual([]);
    expect(asked.run.startedBy).toMatch(/^arn:aws:/);
    expect(asked.step).toMatchObject({ state: "GateBeforeCutover", gate: { verdict: "callback" } });
    const { out: text } = await sluice("status", "monday");
    expect(text).toContain("gate before cutover waits for an approval");
    expect(text).toContain(`✓ alarm ${ALARM}`);

    expect((await sluice("pause", "monday", "--reason", "lunch")).code).toBe(0);
    expect((await sluice("status")).out).toMatch(/^monday .*paused, /);
    const twice = await sluice("pause", "monday", "--reason", "again");
    expect(twice.code).toBe(3);
    expect(twice.err).toMatch(/^✗ run "monday"\n {2}is paused already, by arn:/);
    expect((await sluice("resume", "monday")).code).toBe(0);

    const wrong = await sluice("approve", "monday", "--plan", "deadbeef", "--reason", "looks good");
    expect(wrong.code).toBe(3);
    expect(wrong.err).toContain(`is about plan ${asked.run.planHash}`);
    const no = await sluice("reject", "monday", "--plan", asked.run.planHash.slice(0, 12), "--reason", "not today");
    expect(no, no.err).toMatchObject({ code: 0 });
    const watched = await sluice("status", "monday", "--watch");
    expect(watched.code).toBe(1);
    const { out: over } = await sluice("status", "monday");
    expect(over).toContain("sluice undo monday removes what it added instead");
    expect((await sluice("approve", "monday", "--reason", "after all")).code).toBe(3);

    const again = await sluice("start", "leads", "--name", "tuesday");
    expect(again, again.err).toMatchObject({ code: 0 });
    expect(again.out).toContain('run "monday"');
    expect((await sluice("status", "monday")).out).toContain('run "tuesday" of this migration came after it');
    const active = await sluice("undo", "tuesday", "--yes");
    expect(active, active.out + active.err).toMatchObject({ code: 3 });
    await asks("tuesday");
    const aborted = await sluice("abort", "tuesday", "--reason", "another week", "--json");
    expect(aborted, aborted.err).toMatchObject({ code: 0 });
    expect((await viewOf("tuesday")).run.reason).toContain("another week");

    const undone = await sluice("undo", "tuesday", "--yes");
    expect(undone, undone.err).toMatchObject({ code: 0 });
    expect((await viewOf("tuesday")).run.phase).toBe("undone");
    expect(await columns()).toEqual(before);

    expect((await sluice("start", "leads", "--name", "wednesday")).code).toBe(0);
    await asks("wednesday");
    const yes = await sluice("approve", "wednesday", "--reason", "checked");
    expect(yes, yes.err).toMatchObject({ code: 0 });
    const done = await sluice("status", "wednesday", "--watch");
    expect(done, done.out).toMatchObject({ code: 0 });
    expect(await columns()).toEqual(["id", "acquisition_channel", "note"]);
  },
  TEST_TIMEOUT_MS,
);
