import { countShards, createShards } from "../../ledger/shard.ts";
import type { RunRecord } from "../../ports.ts";
import { shardJob, type JobName } from "./jobs.ts";
import { enterPhase, requirePhase, type Ports, type Run } from "../run.ts";
import { done, more, type StepResult } from "../step-result.ts";

/**
 * Cuts the table's relations into shards and says whether any is left to do. It runs before the workers and again
 * after them, until nothing is left: a relation that was rewritten or attached meanwhile has shards of its own.
 */
export async function shards(
  ports: Pick<Ports, "registry" | "database" | "clock">,
  run: Run,
  jobName: JobName,
): Promise<StepResult> {
  await enter(ports, run, jobName);
  const validating = jobName !== "backfill";
  if ((validating ? run.plan.validation.scan : run.plan.backfill.update) === "") return done(NOTHING_IN_SYNC);
  const job = shardJob(run, jobName);
  const { shardBlocks } = validating ? run.plan.validation : run.plan.backfill;
  await createShards(ports.database, job, { shardBlocks, openEnded: validating });
  const { pending, total } = await countShards(ports.database, job);
  return pending === 0
    ? done(`all ${String(total)} shards are done`)
    : more(`${String(pending)} of ${String(total)} shards to do`);
}

const NOTHING_IN_SYNC = "the plan keeps no columns in sync: there is nothing to work through";

async function enter(
  ports: Pick<Ports, "registry" | "database" | "clock">,
  run: Run,
  job: JobName,
): Promise<RunRecord> {
  switch (job) {
    case "backfill":
      return enterPhase(ports, run, "backfill");
    case "validate-before-cutover":
      return enterPhase(ports, run, "validate");
    case "validate-before-contract":
      return requirePhase(ports.registry, run, ["cooling"]);
    default:
      return job satisfies never;
  }
}
