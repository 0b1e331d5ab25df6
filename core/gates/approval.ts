import type { GatePlan } from "../plan/plan.ts";
import type { Approval } from "../ports.ts";
import type { ConditionReading } from "./evaluation.ts";

/** How the gate's question to people stands; `asked` is undefined until all else has held and it was put. */
export function readApproval(
  condition: GatePlan["approval"],
  asked: Approval | undefined,
  now: Date,
): readonly ConditionReading[] {
  if (!condition) return [];
  const who = condition.selfApproval ? "a person" : "another person than who started the run";
  return [{ kind: "approval", name: "approval", threshold: `approved by ${who}`, ...judge(asked, now) }];
}

type Judgement = Pick<ConditionReading, "value" | "status" | "reason">;

function judge(asked: Approval | undefined, now: Date): Judgement {
  if (!asked) return { value: "not asked yet", status: "wait", reason: "asked for when all else holds" };
  const { decision, deadline } = asked;
  if (!decision) {
    return isExpired(asked, now)
      ? { value: "expired", status: "fail", reason: `nobody decided until ${deadline}` }
      : { value: "asked", status: "wait", reason: `waits for an answer until ${deadline}` };
  }
  const value = `${decision.answer} by ${decision.by} at ${decision.at}`;
  return decision.answer === "approved"
    ? { value, status: "pass", reason: "" }
    : { value, status: "fail", reason: `rejected by ${decision.by}: ${decision.reason}` };
}

/** An answer at the very deadline still counts. */
function isExpired({ deadline }: Approval, now: Date): boolean {
  return now.getTime() > Date.parse(deadline);
}
