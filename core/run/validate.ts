import { shardJob, type ValidationJobName } from "./jobs.ts";
import { requirePhase, type Ports, type Run } from "./run.ts";
import type { StepResult } from "./step-result.ts";
import { workShards } from "./work-shards.ts";

/** One worker's slice of a proof: one scan a shard, whose findings go to the ledger by segment. */
export async function validate(
  { control, database, clock }: Pick<Ports, "control" | "database" | "clock">,
  run: Run,
  { worker, job }: { readonly worker: number; readonly job: ValidationJobName },
): Promise<StepResult> {
  await requirePhase(control, run, ["validate", "cooling"]);
  const { validation } = run.plan;
  return workShards(database, clock, {
    ...validation,
    job: shardJob(run, job),
    worker: `${run.ref.id}/${String(worker)}`,
    template: validation.scan,
    // A shard's findings replace nothing and add to nothing: they come from one statement, so from one snapshot.
    initialBatchBlocks: Infinity,
    nextBatchBlocks: ({ blocks }) => blocks,
  });
}
