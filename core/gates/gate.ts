import { PlanUnreadable } from "../errors.ts";
import type { GateName } from "../migration/schema.ts";
import type { Phase } from "../plan/phases.ts";
import type { GatePlan } from "../plan/plan.ts";
import type { Approval, RunRecord } from "../ports.ts";
import { requirePhase, type Ports, type Run } from "../run/run.ts";
import { done, callback, wait, type StepResult } from "../run/step-result.ts";
import { readAlarms } from "./alarms.ts";
import { readApproval } from "./approval.ts";
import { approvalRequest } from "./approval-request.ts";
import { newestProof, readDivergence } from "./divergence.ts";
import { evaluate, isBroken, reasonsOf } from "./evaluate.ts";
import type { ConditionReading, GateEvaluation } from "./evaluation.ts";
import { failGate } from "./fail-gate.ts";
import { gateTimes } from "./gate-times.ts";
import { readMetrics } from "./metrics.ts";
import { recordApproval, recordEvaluation } from "./record-evaluation.ts";
import { readPredicates } from "./sql.ts";

/** The phase from which a run comes to each gate: the next one is entered behind it. */
const ASKED_IN: Readonly<Record<GateName, Phase>> = {
  before_expand: "preflight",
  before_backfill: "expand",
  before_validate: "backfill",
  before_cutover: "validate",
  between_steps: "cutover",
  before_soak: "cutover",
  before_cooling: "soak",
  before_contract: "cooling",
};

/** Looks at one gate at the most, in each of its times: each is some 9 events of the 25,000 that an execution may have. */
const MAX_POLLS = 120;
/** The same once it has had three times as many: it is asked at every step, or was resumed again and again. */
const MAX_FURTHER_POLLS = 12;

type GatePorts = Pick<Ports, "registry" | "database" | "alarms" | "metrics" | "approvals" | "notifier" | "clock">;

/**
 * Asks one gate of the plan. Everything is read anew at each call, so that any waking is harmless: go on, look again
 * after a wait, stand by until a person has decided, or fail.
 *
 * @throws GateFailed, ApprovalDenied: the run is to be rolled back; RunSuperseded
 */
export async function gate(
  ports: GatePorts,
  run: Run,
  { gate: name }: { readonly gate: GateName },
): Promise<StepResult> {
  const record = await requirePhase(ports.registry, run, [ASKED_IN[name]]);
  const plan = gatePlan(run, name);
  const asked = plan.approval && standing(await ports.approvals.find(run.ref.id, name), record);
  const look = await lookAt(ports, run, plan);
  const approval = asked ?? (await askPeople(ports, run, { plan, record, look }));
  if (approval) await recordApproval(ports.database, approval);
  const evaluation = look.judge(approval);
  await recordEvaluation(ports.database, run, evaluation);
  return answer(ports, run, { plan, evaluation, approval, looks: look.looks });
}

/** A question that nobody answered in time, and that paused the run, is put anew after a person has ended the pause. */
function standing(asked: Approval | undefined, { lastPause }: RunRecord): Approval | undefined {
  const resumedSince = asked && lastPause && Date.parse(lastPause.resumedAt) > Date.parse(asked.deadline);
  return resumedSince && !asked.decision ? undefined : asked;
}

/** What one look comes to, which depends on the answer of people as well. */
interface Look {
  readonly judge: (approval: Approval | undefined) => GateEvaluation;
  /** Looks at the gate before this one. */
  readonly looks: number;
}

async function lookAt(ports: GatePorts, run: Run, plan: GatePlan): Promise<Look> {
  const now = ports.clock.now();
  const readings: readonly ConditionReading[] = [
    ...(await readAlarms(ports.alarms, plan.alarms, now)),
    ...(await readMetrics(ports.metrics, plan.metrics, now)),
    ...(await readPredicates(ports, plan.sql)),
    ...(await readDivergence(ports.database, run, plan.divergence)),
  ];
  const times = await gateTimes(ports.database, run, plan.name);
  const limits = { gate: plan.name, stableForSeconds: plan.stableForSeconds, timeoutSeconds: plan.timeoutSeconds };
  return {
    judge: (approval) => evaluate(limits, [...readings, ...readApproval(plan.approval, approval, now)], times),
    looks: times.looks,
  };
}

interface Question {
  readonly plan: GatePlan;
  readonly record: RunRecord;
  readonly look: Look;
}

/**
 * Asks people where all else holds. The message comes first, so that no approval is waited for that nobody knows of: a
 * call that dies before it has noted the question asks again, with the deadline that then counts.
 */
async function askPeople(ports: GatePorts, run: Run, { plan, record, look }: Question): Promise<Approval | undefined> {
  const evaluation = look.judge(undefined);
  if (!plan.approval || evaluation.status !== "ask") return undefined;
  const now = ports.clock.now();
  const approval: Approval = {
    runId: run.ref.id,
    gate: plan.name,
    planHash: run.ref.planHash,
    requestedAt: now.toISOString(),
    deadline: new Date(now.getTime() + plan.approval.withinSeconds * 1_000).toISOString(),
    selfApproval: plan.approval.selfApproval,
  };
  const readings = evaluation.readings.filter(({ kind }) => kind !== "approval");
  const proof = await newestProof(ports.database, run);
  await ports.notifier.notify(approvalRequest({ run, gate: plan, record, readings, proof, approval }));
  return ports.approvals.request(approval);
}

interface Judged {
  readonly plan: GatePlan;
  readonly evaluation: GateEvaluation;
  readonly approval: Approval | undefined;
  readonly looks: number;
}

async function answer(ports: GatePorts, run: Run, judged: Judged): Promise<StepResult> {
  const { evaluation, approval } = judged;
  switch (evaluation.status) {
    case "pass":
      return { ...done(passText(evaluation, approval)), gate: evaluation };
    case "wait":
      return { ...holdOn(judged), gate: evaluation };
    case "ask":
      return { ...standBy(run, approval, ports.clock.now()), gate: evaluation };
    case "fail":
      return failGate(ports, run, { ...judged, rejected: approval?.decision?.answer === "rejected" });
    default:
      return evaluation.status satisfies never;
  }
}

function holdOn({ plan, evaluation, looks }: Judged): StepResult {
  const { stableSeconds, stableForSeconds, waitedSeconds, timeoutSeconds } = evaluation;
  const most = looks < 3 * MAX_POLLS ? MAX_POLLS : MAX_FURTHER_POLLS;
  const poll = Math.max(plan.pollSeconds, (timeoutSeconds + stableForSeconds) / most);
  if (isBroken(evaluation.readings)) {
    const held = `waiting for ${whole(waitedSeconds)} s of ${whole(timeoutSeconds)} s`;
    return wait(poll, `${held}: ${reasonsOf(evaluation).join(", ")}`);
  }
  const left = stableForSeconds - stableSeconds;
  return wait(
    Math.min(left, poll),
    `everything has passed for ${whole(stableSeconds)} s of ${whole(stableForSeconds)} s`,
  );
}

/** Until the deadline, unless somebody wakes the run before: then the gate finds what was decided. */
function standBy({ ref }: Run, approval: Approval | undefined, now: Date): StepResult {
  const deadline = approval ? new Date(approval.deadline) : now;
  const seconds = (deadline.getTime() - now.getTime()) / 1_000;
  return callback(seconds, `waits for "sluice approve ${ref.id}" or "sluice reject" until ${deadline.toISOString()}`);
}

function passText({ readings }: GateEvaluation, approval: Approval | undefined): string {
  const conditions = readings.filter(({ kind }) => kind !== "approval").length;
  const held = conditions === 1 ? "1 condition passes" : `${String(conditions)} conditions pass`;
  return approval?.decision ? `${held}, approved by ${approval.decision.by}: ${approval.decision.reason}` : held;
}

const whole = (value: number): string => String(Math.round(value));

function gatePlan({ plan }: Run, name: GateName): GatePlan {
  const found = plan.gates.find((candidate) => candidate.name === name);
  if (found) return found;
  throw new PlanUnreadable({
    object: `plan "${plan.hash}"`,
    problem: `has no gate ${name}`,
    remedy: "Start the migration again with the version of Sluice that is deployed",
  });
}
