import { count, counted } from "../../counted.ts";
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
    `${stepsDone(plan.expand, applied)} of expand applied`,
    total === 0 ? "no shard backfilled" : `${count(total - pending)} of ${counted(total, "shard")} backfilled`,
    ...(plan.indexes.length === 0
      ? []
      : [`${count(appliedOf(plan.indexes, applied))} of ${counted(plan.indexes.length, "index", "indexes")} built`]),
    ...(plan.contract.some(({ id }) => applied.has(id))
      ? [`${stepsDone(plan.contract, applied)} of contract applied`]
      : []),
  ];
  return `goes on with the plan of run "${earlier ?? runId}": ${done.join(", ")}; nothing of it is done again`;
}

function stepsDone(steps: readonly DdlStep[], applied: ReadonlySet<string>): string {
  return `${count(appliedOf(steps, applied))} of ${counted(steps.length, "step")}`;
}

function appliedOf(steps: readonly DdlStep[], applied: ReadonlySet<string>): number {
  return steps.filter(({ id }) => applied.has(id)).length;
}
