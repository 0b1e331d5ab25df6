import { nextBatchBlocks } from "./batch-size.ts";
import { shardJob } from "./jobs.ts";
import type { Ports, Run } from "../run.ts";
import { workSlice } from "./shard-slice.ts";
import type { StepResult } from "../step-result.ts";

/** One worker's slice of the backfill. A run that is paused or rolled back is left within a second. */
export async function backfill(
  ports: Pick<Ports, "registry" | "database" | "clock">,
  run: Run,
  worker: number,
): Promise<StepResult> {
  const { backfill: plan } = run.plan;
  return workSlice(ports, run, {
    phases: ["backfill"],
    work: {
      ...plan,
      job: shardJob(run, "backfill"),
      worker: `${run.ref.id}/${String(worker)}`,
      template: plan.update,
      nextBatchBlocks: (last) => nextBatchBlocks({ ...last, targetMs: plan.batchTargetMs }),
    },
  });
}
