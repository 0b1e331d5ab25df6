import type { ShardJob } from "../../ledger/shard.ts";
import type { Run } from "../run.ts";

/** The jobs that prove, rather than write. The state machine names them. */
export const VALIDATION_JOBS = ["validate-before-cutover", "validate-before-contract"] as const;
export type ValidationJobName = (typeof VALIDATION_JOBS)[number];

/** The three times that the whole table is worked through. */
export const JOBS = ["backfill", ...VALIDATION_JOBS] as const;
export type JobName = (typeof JOBS)[number];

/** The backfill belongs to the plan, so that a second run goes on with it; a proof belongs to one run. */
export function shardJob(run: Run, job: JobName): ShardJob {
  const { plan, ref } = run;
  return { planHash: plan.hash, job: job === "backfill" ? job : `${job}@${ref.id}`, table: plan.table };
}
