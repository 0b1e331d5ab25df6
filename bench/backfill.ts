/**
 * What a backfill costs: rows per second of one plain UPDATE, of the engine alone and of the deployed state machine,
 * each on a fresh copy of the same table in the same run; and what an application beside it feels.
 *
 *   npm run bench:backfill -- --rows 2000000 --repeat 3
 */
import { execFileSync } from "node:child_process";
import { cpus, totalmem } from "node:os";
import { parseArgs } from "node:util";
import { CloudWatchClient, SetAlarmStateCommand } from "@aws-sdk/client-cloudwatch";
import pg from "pg";
import { ALARM_NAMES, createAlarms } from "../examples/crm/alarms.ts";
import { seed } from "../examples/crm/seed.ts";
import { up } from "../local/up.ts";
import { runDeployed } from "./deployed-run.ts";
import { median } from "./median.ts";
import { VARIANTS, type Sample } from "./variants.ts";

const { values } = parseArgs({
  options: { rows: { type: "string", default: "2000000" }, repeat: { type: "string", default: "3" } },
});

const stack = await up({ settings: { shared_buffers: "1GB", max_wal_size: "8GB" }, onStep: progress });
try {
  Object.assign(process.env, stack.state.environment);
  const rows = await prepare();
  const samples = await measure(rows);
  progress("the deployed state machine");
  await healthyAlarms();
  const { rowsPerSecond } = await runDeployed();
  samples.set("deployed state machine, 2 workers", [{ rowsPerSecond }]);
  process.stdout.write(table(samples, rows));
} finally {
  await stack.stop();
}

/** Seeds the table and gives the number of rows that a backfill has to write. */
async function prepare(): Promise<number> {
  progress(`seed ${values.rows} contacts`);
  const client = new pg.Client({ connectionString: stack.connectionString });
  await client.connect();
  await seed(client, Number(values.rows));
  const { rows } = await client.query<{ n: number }>("SELECT count(lead_source)::int AS n FROM crm.contacts");
  await client.query("CHECKPOINT");
  await client.end();
  return rows[0]?.n ?? 0;
}

/** The migration's alarms exist and are OK: no application is there to feed them. */
async function healthyAlarms(): Promise<void> {
  const cloudWatch = new CloudWatchClient({});
  await createAlarms(cloudWatch);
  for (const AlarmName of ALARM_NAMES) {
    await cloudWatch.send(new SetAlarmStateCommand({ AlarmName, StateValue: "OK", StateReason: "benchmark" }));
  }
}

async function measure(rows: number): Promise<Map<string, Sample[]>> {
  const samples = new Map<string, Sample[]>();
  for (let round = 1; round <= Number(values.repeat); round += 1) {
    for (const [title, variant] of Object.entries(VARIANTS)) {
      progress(`round ${String(round)}: ${title}`);
      const sample = await onCopy((url) => variant(url, rows));
      samples.set(title, [...(samples.get(title) ?? []), sample]);
    }
  }
  return samples;
}

/** Runs `work` on a copy of the database, block by block the same, and drops it. */
async function onCopy<T>(work: (connectionString: string) => Promise<T>): Promise<T> {
  const url = (database: string): string =>
    Object.assign(new URL(stack.connectionString), { pathname: `/${database}` }).href;
  const admin = new pg.Client({ connectionString: url("postgres") });
  await admin.connect();
  try {
    await admin.query("CREATE DATABASE copy TEMPLATE crm STRATEGY FILE_COPY");
    await admin.query("CHECKPOINT");
    return await work(url("copy"));
  } finally {
    await admin.query("DROP DATABASE IF EXISTS copy WITH (FORCE)");
    await admin.end();
  }
}

function table(samples: ReadonlyMap<string, readonly Sample[]>, rows: number): string {
  const plain = middle(samples.get("one plain UPDATE") ?? [], ({ rowsPerSecond }) => rowsPerSecond);
  const lines = [...samples].map(([title, list]) => {
    const rate = middle(list, ({ rowsPerSecond }) => rowsPerSecond);
    const felt = list[0]?.foreground ? `${ms(list, "p50")} | ${ms(list, "p99")}` : "- | -";
    const speed = rate === 0 ? "- | -" : `${String(Math.round(rate / 100) / 10)} | ${(rate / plain).toFixed(2)}`;
    return `| ${title} | ${speed} | ${felt} |`;
  });
  return [
    `${new Date().toISOString().slice(0, 10)}, ${machine()}`,
    `\`npm run bench:backfill -- --rows ${values.rows} --repeat ${values.repeat}\`: ${String(rows)} rows to write, medians of ${values.repeat}`,
    "",
    "| way | thousand rows/s | ratio to the plain UPDATE | application p50 ms | application p99 ms |",
    "|---|---|---|---|---|",
    ...lines,
    "",
  ].join("\n");
}

function middle(samples: readonly Sample[], of: (sample: Sample) => number): number {
  return median(samples.map(of));
}

function ms(samples: readonly Sample[], key: "p50" | "p99"): string {
  return middle(samples, ({ foreground }) => foreground?.[key] ?? Number.NaN).toFixed(1);
}

function machine(): string {
  const commit = execFileSync("git", ["rev-parse", "--short", "HEAD"], { encoding: "utf8" }).trim();
  const memory = String(Math.round(totalmem() / 2 ** 30));
  return `${String(cpus().length)} x ${cpus()[0]?.model ?? "?"}, ${memory} GiB, Node.js ${process.version}, PostgreSQL 17, commit ${commit}`;
}

function progress(text: string): void {
  process.stderr.write(`${text}\n`);
}
