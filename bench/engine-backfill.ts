import { readFile } from "node:fs/promises";
import { DataApiDatabase } from "../adapters/data-api/data-api-database.ts";
import { dataApiClient } from "../adapters/data-api/data-api-client.ts";
import { readCatalog } from "../core/catalog/read-catalog.ts";
import { ensureLedger } from "../core/ledger/schema.ts";
import { countShards, createShards } from "../core/ledger/shard.ts";
import { parseMigration } from "../core/migration/parse-migration.ts";
import { planMigration } from "../core/plan/plan-migration.ts";
import type { Run } from "../core/run/run.ts";
import { applyNextStep } from "../core/run/ddl/apply-steps.ts";
import { nextBatchBlocks } from "../core/run/shards/batch-size.ts";
import { shardJob } from "../core/run/shards/jobs.ts";
import { workShards } from "../core/run/shards/work-shards.ts";
import { startDataApi } from "../local/data-api/data-api.ts";

const CLUSTER = "arn:aws:rds:us-east-1:000000000000:cluster:bench";
const SECRET = "arn:aws:secretsmanager:us-east-1:000000000000:secret:bench";
const MIGRATION = "examples/migrations/contact-acquisition-channel.yaml";

/** Seconds that the product's own code takes to backfill, over a Data API of its own; expand is not counted. */
export async function engineBackfill(connectionString: string, workers: number): Promise<number> {
  const dataApi = await startDataApi({
    clusters: [{ resourceArn: CLUSTER, secretArn: SECRET, connectionString: () => connectionString }],
  });
  const client = dataApiClient({ endpoint: dataApi.url });
  const database = new DataApiDatabase({ client, resourceArn: CLUSTER, secretArn: SECRET, database: "bench" });
  try {
    const run = await expand(database);
    const start = performance.now();
    await backfill(database, run, workers);
    return (performance.now() - start) / 1_000;
  } finally {
    client.destroy();
    await dataApi.close();
  }
}

async function expand(database: DataApiDatabase): Promise<Run> {
  const migration = parseMigration(await readFile(MIGRATION, "utf8"), MIGRATION);
  const plan = planMigration(migration, await readCatalog(database, { schema: "crm", name: "contacts" }));
  const many = { workers: [0], maxConcurrency: 1 };
  const run: Run = {
    plan,
    ref: {
      id: "bench",
      migration: "bench",
      database: "bench",
      planHash: plan.hash,
      message: "a new plan",
      resumeAt: "expand",
      backfill: many,
      validation: many,
    },
  };
  await ensureLedger(database);
  while ((await applyNextStep(database, run, plan.expand)).status !== "done");
  return run;
}

async function backfill(database: DataApiDatabase, run: Run, workers: number): Promise<void> {
  const { backfill: plan } = run.plan;
  const job = shardJob(run, "backfill");
  await createShards(database, job, { shardBlocks: plan.shardBlocks, openEnded: false });
  const clock = { now: () => new Date(), sleep: () => Promise.resolve() };
  const work = {
    ...plan,
    job,
    template: plan.update,
    nextBatchBlocks: (last: { readonly blocks: number; readonly tookMs: number }) =>
      nextBatchBlocks({ ...last, targetMs: plan.batchTargetMs }),
    mayGoOn: () => Promise.resolve(true),
  };
  // Idle while another has the last shard: done, for the clock stops when all workers are.
  const isDone = async (worker: number): Promise<boolean> => {
    const result = await workShards(database, clock, { ...work, worker: `bench/${String(worker)}` });
    return result !== "interrupted" && result.status !== "more";
  };
  const one = async (_: unknown, worker: number): Promise<void> => {
    while (!(await isDone(worker)));
  };
  await Promise.all(Array.from({ length: workers }, one));
  const { pending } = await countShards(database, job);
  if (pending > 0) throw new Error(`the backfill left ${String(pending)} shards`);
}
