import { PlanUnreadable } from "../errors.ts";
import type { Phase } from "../plan/phases.ts";
import type { Approval, RunRecord } from "../ports.ts";
import { requirePhase, type Ports, type Run } from "../run/run.ts";
import { done, callback, wait, type StepResult } from "../run/step-result.ts";
import { approvalRequest } from "./approval-request.ts";
import { asksPeople, questionOf } from "./conditions/kinds.ts";
import { evaluate, isBroken, reasonsOf } from "./evaluate.ts";
import type { GateEvaluation } from "./evaluation.ts";
import { failGate } from "./fail-gate.ts";
import type { GateName } from "./gate-names.ts";
import type { GatePlan } from "./gate-plan.ts";
import { gateTimes } from "./gate-times.ts";
import { newestValidation } from "./newest-validation.ts";
import { readConditions } from "./read-conditions.ts";
import { recordApproval, recordEvaluation } from "./record-evaluation.ts";

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

/** Polls of one gate at most, in each of its times: each is some 9 events of the 25,000 that an execution may have. */
const MAX_POLLS = 120;
/** The same once it has had three times as many: it is asked at every step, or was resumed again and again. */
const MAX_FURTHER_POLLS = 12;

type GatePorts = Pick<Ports, "registry" | "database" | "alarms" | "metrics" | "approvals" | "notifier" | "clock">;

/**
 * Evaluates one gate of the plan. Everything is read anew at each call, so that a call at any time is harmless: go on,
 * evaluate again after a wait, wait for a callback until a person has decided, or fail.
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
  const asked = questionOf(plan) && stillOpen(await ports.approvals.find(run.ref.id, name), record);
  const poll = await pollGate(ports, run, plan);
  const approval = asked ?? (await askPeople(ports, run, { plan, record, poll }));
  if (approval) await recordApproval(ports.database, approval);
  const evaluation = await poll.evaluate(approval);
  await recordEvaluation(ports.database, run.ref.id, evaluation);
  return answer(ports, run, { plan, evaluation, approval, polls: poll.polls });
}

/** A question without an answer in time, which paused the run, is put anew after an operator has ended the pause. */
function stillOpen(asked: Approval | undefined, { lastPause }: RunRecord): Approval | undefined {
  const resumedSince = asked && lastPause && Date.parse(lastPause.resumedAt) > Date.parse(asked.deadline);
  return resumedSince && !asked.decision ? undefined : asked;
}

/** What one poll comes to, which depends on the answer of people as well. */
interface Poll {
  readonly evaluate: (approval: Approval | undefined) => Promise<GateEvaluation>;
  /** Polls of the gate before this one. */
  readonly polls: number;
}

/** Reads once what people do not fulfil: their answer is judged by the same readings as the question was. */
async function pollGate(ports: GatePorts, { ref }: Run, plan: GatePlan): Promise<Poll> {
  const context = { ports, runId: ref.id, now: ports.clock.now(), approval: undefined };
  const readings = await readConditions(
    context,
    plan.conditions.filter(({ kind }) => !asksPeople(kind)),
  );
  const times = await gateTimes(ports.database, ref.id, plan.name);
  const asking = plan.conditions.filter(({ kind }) => asksPeople(kind));
  return {
    evaluate: async (approval) => {
      const answers = await readConditions({ ...context, approval }, asking);
      return evaluate({ ...plan, gate: plan.name }, [...readings, ...answers], times);
    },
    polls: times.polls,
  };
}

interface ToAsk {
  readonly plan: GatePlan;
  readonly record: RunRecord;
  readonly poll: Poll;
}

/**
 * Asks people where all else passes. The message comes first, so that no approval is waited for without a request: a
 * call that dies before it has noted the question asks again, with the deadline that then counts.
 */
async function askPeople(ports: GatePorts, run: Run, { plan, record, poll }: ToAsk): Promise<Approval | undefined> {
  const question = questionOf(plan);
  const evaluation = await poll.evaluate(undefined);
  if (!question || evaluation.status !== "ask") return undefined;
  const now = ports.clock.now();
  const approval: Approval = {
    runId: run.ref.id,
    gate: plan.name,
    planHash: run.ref.planHash,
    requestedAt: now.toISOString(),
    deadline: new Date(now.getTime() + question.withinSeconds * 1_000).toISOString(),
    selfApproval: question.selfApproval,
  };
  const readings = evaluation.readings.filter(({ kind }) => !asksPeople(kind));
  const validation = await newestValidation(ports.database, run.ref.id);
  await ports.notifier.notify(approvalRequest({ run, gate: plan, record, readings, validation, approval }));
  return ports.approvals.request(approval);
}

interface Evaluated {
  readonly plan: GatePlan;
  readonly evaluation: GateEvaluation;
  readonly approval: Approval | undefined;
  readonly polls: number;
}

async function answer(ports: GatePorts, run: Run, evaluated: Evaluated): Promise<StepResult> {
  const { evaluation, approval } = evaluated;
  switch (evaluation.status) {
    case "pass":
      return { ...done(passText(evaluation, approval)), gate: evaluation };
    case "wait":
      return { ...pollAgain(evaluated), gate: evaluation };
    case "ask":
      return { ...awaitAnswer(run, approval, ports.clock.now()), gate: evaluation };
    case "fail":
      return failGate(ports, run, { ...evaluated, rejected: approval?.decision?.answer === "rejected" });
    default:
      return evaluation.status satisfies never;
  }
}

function pollAgain({ plan, evaluation, polls }: Evaluated): StepResult {
  const { stableSeconds, stableForSeconds, waitedSeconds, timeoutSeconds } = evaluation;
  const most = polls < 3 * MAX_POLLS ? MAX_POLLS : MAX_FURTHER_POLLS;
  const pollSeconds = Math.max(plan.pollSeconds, (timeoutSeconds + stableForSeconds) / most);
  if (isBroken(evaluation.readings)) {
    const waited = `waiting for ${whole(waitedSeconds)} s of ${whole(timeoutSeconds)} s`;
    return wait(pollSeconds, `${waited}: ${reasonsOf(evaluation).join(", ")}`);
  }
  const left = stableForSeconds - stableSeconds;
  const message = `everything has passed for ${whole(stableSeconds)} s of ${whole(stableForSeconds)} s`;
  return wait(Math.min(left, pollSeconds), message);
}

/** Until the deadline, unless a callback resumes the run before: then the gate finds what was decided. */
function awaitAnswer({ ref }: Run, approval: Approval | undefined, now: Date): StepResult {
  const deadline = approval ? new Date(approval.deadline) : now;
  const seconds = (deadline.getTime() - now.getTime()) / 1_000;
  return callback(seconds, `waits for "sluice approve ${ref.id}" or "sluice reject" until ${deadline.toISOString()}`);
}

function passText({ readings }: GateEvaluation, approval: Approval | undefined): string {
  const conditions = readings.filter(({ kind }) => !asksPeople(kind)).length;
  const passed = conditions === 1 ? "1 condition passes" : `${String(conditions)} conditions pass`;
  return approval?.decision ? `${passed}, approved by ${approval.decision.by}: ${approval.decision.reason}` : passed;
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
