import { DecisionRefused } from "../../errors.ts";
import type { Approval, CallerProof, Decision, RunRecord } from "../../ports.ts";
import { requireRun, terminalReason } from "../require-run.ts";
import { purpose } from "./purpose.ts";
import { validateReason } from "./reason.ts";
import { mayBeSamePrincipal, isAnonymousSession } from "../../same-principal.ts";
import type { Ports } from "../run.ts";

export interface DecisionRequest {
  readonly run: string;
  /** The hash of the plan that was looked at, or at least its first 8 characters. */
  readonly plan?: string | undefined;
  /** The gate whose question was looked at: the run may have come to its next one since. */
  readonly gate?: string | undefined;
  readonly answer: Decision["answer"];
  readonly reason: string;
  /** Made for the purpose `approve` or `reject` of run, plan, gate and reason. */
  readonly proof: CallerProof;
}

/** What was decided; `message` is for the person who did. */
export interface Decided {
  readonly run: string;
  readonly gate: Approval["gate"];
  readonly answer: Decision["answer"];
  readonly by: string;
  readonly at: string;
  readonly message: string;
}

type DecidePorts = Pick<Ports, "registry" | "approvals" | "callbacks" | "callers" | "clock">;

/** Fewer characters of a hash may be those of another plan. */
const MIN_PREFIX = 8;

/**
 * Answers what a gate of the run asks, for the person who proves to be the caller, and lets the run go on.
 *
 * @throws DecisionRefused with the reason; the run waits on as before. NotFound; CallerUnknown.
 */
export async function decide(ports: DecidePorts, request: DecisionRequest): Promise<Decided> {
  const by = await identify(ports, request);
  const record = await requireRun(ports.registry, request.run);
  refuseIfOver(record);
  const approval = await openApproval(ports, request);
  const decision = { answer: request.answer, by, at: ports.clock.now().toISOString(), reason: request.reason };
  refuseUnlessFitting(approval, request, decision);
  refuseSelf(approval, record, decision);
  const after = await ports.approvals.decide(request.run, approval.gate, decision);
  await ports.callbacks.wake(request.run);
  if (!isSame(after.decision, decision)) throw lost(after, decision);
  return { ...decision, run: request.run, gate: approval.gate, message: messageOf(approval, decision, record) };
}

async function identify({ callers }: DecidePorts, request: DecisionRequest): Promise<string> {
  const { run, plan, gate, answer, reason, proof } = request;
  const command = answer === "approved" ? "approve" : "reject";
  const by = await callers.identify(proof, purpose(command, { run, plan, gate, reason }));
  const unfit = validateReason(reason);
  if (unfit === undefined) return by;
  throw refused(`the decision on run "${run}"`, unfit, 'Say why: --reason "..."');
}

function refuseIfOver(record: RunRecord): void {
  const why = terminalReason(record);
  if (why === undefined) return;
  throw refused(`run "${record.runId}"`, why, "There is nothing left to decide");
}

/** The one that waits for an answer. Where there is none, a decision may have been made whose caller died before it woke the run. */
async function openApproval(
  { approvals, callbacks }: DecidePorts,
  { run }: Pick<DecisionRequest, "run">,
): Promise<Approval> {
  const asked = await approvals.ofRun(run);
  const open = asked.findLast(({ decision }) => decision === undefined);
  if (open) return open;
  const newest = asked.at(-1);
  if (!newest?.decision) {
    throw refused(`run "${run}"`, "asks nothing at this moment", `See what it waits for: sluice status ${run}`);
  }
  await callbacks.wake(run);
  throw decidedAlready(newest, newest.decision);
}

function decidedAlready({ gate, runId }: Approval, { answer, by, at, reason }: Decision): DecisionRefused {
  const problem = `was ${answer} by ${by} at ${at} ("${reason}"), and nothing else is asked now`;
  return refused(`gate ${gate} of run "${runId}"`, problem, `See where it stands: sluice status ${runId}`);
}

function refuseUnlessFitting(
  { gate, runId, planHash, deadline }: Approval,
  { plan, gate: wanted }: Pick<DecisionRequest, "plan" | "gate">,
  { at }: Decision,
): void {
  const object = `gate ${gate} of run "${runId}"`;
  if (wanted !== undefined && wanted !== gate) {
    const problem = `is what is asked now, and the decision is about gate "${wanted}"`;
    throw refused(object, problem, `See what it asks: sluice status ${runId}`);
  }
  if (plan !== undefined && (plan.length < MIN_PREFIX || !planHash.startsWith(plan))) {
    const problem = `is about plan ${planHash}, and the decision about plan "${plan}"`;
    throw refused(object, problem, "Read the plan that the run carries out, and decide on that one");
  }
  if (Date.parse(at) > Date.parse(deadline)) {
    const problem = `asked for an answer until ${deadline}, and it is ${at}`;
    throw refused(object, problem, "The gate fails as its migration says; start a new run to be asked again");
  }
}

/** A person may always reject: that is to end one's own run, which a rollback does too. */
function refuseSelf({ gate, selfApproval }: Approval, { runId, startedBy }: RunRecord, { answer, by }: Decision): void {
  if (selfApproval || answer === "rejected") return;
  const object = `gate ${gate} of run "${runId}"`;
  if (startedBy === undefined) {
    const problem = "must not be approved by whoever started the run, and nobody knows who did";
    throw refused(object, problem, "Start runs with sluice start, not in the console; reject this one");
  }
  const nobody = [startedBy, by].find(isAnonymousSession);
  if (nobody !== undefined) {
    const problem = `must not be approved by whoever started the run (${startedBy}), and ${nobody} may be anybody`;
    throw refused(object, problem, "Use a session name of your own: role_session_name in the profile of AWS");
  }
  if (!mayBeSamePrincipal(startedBy, by)) return;
  throw refused(
    object,
    `must not be approved by whoever started the run: ${startedBy}`,
    "Ask somebody else to approve",
  );
}

function lost({ gate, runId, deadline, decision }: Approval, { at }: Decision): DecisionRefused {
  const object = `gate ${gate} of run "${runId}"`;
  const remedy = `See where it stands: sluice status ${runId}`;
  if (!decision) return refused(object, `asked for an answer until ${deadline}, and it is ${at}`, remedy);
  const { answer, by, at: when, reason } = decision;
  return refused(object, `was ${answer} by ${by} at ${when} ("${reason}"), a moment before`, remedy);
}

function isSame(decision: Decision | undefined, other: Decision): boolean {
  if (decision === undefined) return false;
  const { answer, by, at, reason } = decision;
  return answer === other.answer && by === other.by && at === other.at && reason === other.reason;
}

function messageOf({ gate, runId }: Approval, { answer, by }: Decision, { paused }: RunRecord): string {
  const then = answer === "approved" ? "The run goes on" : "The run is rolled back: all traffic on the old path";
  const next = paused ? `It is paused by ${paused.by}; when that ends: ${then}` : then;
  return `Gate ${gate} of run "${runId}" is ${answer} by ${by}. ${next}.`;
}

function refused(object: string, problem: string, remedy: string): DecisionRefused {
  return new DecisionRefused({ object, problem, remedy });
}
