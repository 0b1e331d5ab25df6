import { newestRun } from "../../ledger/run.ts";
import { countShards } from "../../ledger/shard.ts";
import { appliedSteps } from "../../ledger/step.ts";
import type { DdlStep, Plan } from "../../plan/plan.ts";
import type { Session } from "../../ports.ts";

/** What earlier runs of a plan have left, for the person who starts another: none of it is done again. */
export async function describeResume(session: Session, plan: Plan, runId: string): Promise<string> {
  const earlier = await newestRun(session, { planHash: plan.hash, except: runId });
  const applied = await appliedSteps(session, plan.hash);
  const { pending, total } = await countShards(session, { planHash: plan.hash, job: "backfill", table: plan.table });
  const done = [
    `${stepsDone(plan.expand, applied)} steps of expand are applied`,
    total === 0 ? "no shard is backfilled" : `${of(total - pending, total)} shards are backfilled`,
    ...(plan.indexes.length === 0 ? [] : [`${stepsDone(plan.indexes, applied)} indexes are built`]),
    ...(plan.contract.some(({ id }) => applied.has(id))
      ? [`${stepsDone(plan.contract, applied)} steps of contract are applied`]
      : []),
  ];
  return `goes on with the plan of run "${earlier ?? runId}": ${done.join(", ")}; nothing of it is done again`;
}

function stepsDone(steps: readonly DdlStep[], applied: ReadonlySet<string>): string {
  return of(steps.filter(({ id }) => applied.has(id)).length, steps.length);
}

const of = (done: number, all: number): string => `${String(done)} of ${String(all)}`;
