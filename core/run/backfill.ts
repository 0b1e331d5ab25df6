import { nextBatchBlocks } from "./batch-size.ts";
import { shardJob } from "./jobs.ts";
import { requirePhase, type Ports, type Run } from "./run.ts";
import type { StepResult } from "./step-result.ts";
import { workShards } from "./work-shards.ts";

/** One worker's slice of the backfill. A run that was rolled back is left at the next slice. */
export async function backfill(
  { control, database, clock }: Pick<Ports, "control" | "database" | "clock">,
  run: Run,
  worker: number,
): Promise<StepResult> {
  await requirePhase(control, run, ["backfill"]);
  const { backfill: plan } = run.plan;
  return workShards(database, clock, {
    ...plan,
    job: shardJob(run, "backfill"),
    worker: `${run.ref.id}/${String(worker)}`,
    template: plan.update,
    nextBatchBlocks: (last) => nextBatchBlocks({ ...last, targetMs: plan.batchTargetMs }),
  });
}
