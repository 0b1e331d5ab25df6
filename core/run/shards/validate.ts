import { shardJob, type ValidationJobName } from "./jobs.ts";
import type { Ports, Run } from "../run.ts";
import { workSlice } from "./shard-slice.ts";
import type { StepResult } from "../step-result.ts";

/** One worker's slice of a proof: one scan a shard, whose findings go to the ledger by segment. */
export async function validate(
  ports: Pick<Ports, "registry" | "database" | "clock">,
  run: Run,
  { worker, job }: { readonly worker: number; readonly job: ValidationJobName },
): Promise<StepResult> {
  const { validation } = run.plan;
  return workSlice(ports, run, {
    phases: ["validate", "cooling"],
    work: {
      ...validation,
      job: shardJob(run, job),
      worker: `${run.ref.id}/${String(worker)}`,
      template: validation.scan,
      // A shard's findings replace nothing and add to nothing: they come from one statement, so from one snapshot.
      initialBatchBlocks: Infinity,
      nextBatchBlocks: ({ blocks }) => blocks,
    },
  });
}
