import { z } from "zod";
import { durationText } from "../../amounts.ts";
import { duration } from "../../migration/scalars.ts";
import { seconds } from "../../plan/seconds.ts";
import type { Approval } from "../../ports.ts";
import { isAnonymousSession } from "../../same-principal.ts";
import { gateObject } from "../gate-names.ts";
import {
  type CheckFacts,
  type ConditionCheck,
  type ConditionFinding,
  type ConditionPlan,
  type ConditionResult,
  defineCondition,
  type Question,
  type Report,
} from "./condition.ts";

/** A person decides, once everything else passes. */
interface ApprovalPlan extends ConditionPlan, Question {
  readonly kind: "approval";
}

const schema = z
  .strictObject({
    within: duration
      .refine((milliseconds) => milliseconds >= 1_000, { error: "a duration of at least 1s" })
      .prefault("3d")
      .describe("Time to decide; then the gate fails"),
    self_approval: z.boolean().default(true).describe("Whether the person who started the run may approve it"),
  })
  .describe("A person decides, after all else passes");

/** How the gate's question to people stands; `asked` is undefined until everything else has passed and it was put. */
function readApproval({ selfApproval }: Question, asked: Approval | undefined, now: Date): ConditionResult {
  const who = selfApproval ? "a person" : "another person than who started the run";
  return { name: "approval", threshold: `approved by ${who}`, ...judge(asked, now) };
}

function judge(asked: Approval | undefined, now: Date): Pick<ConditionResult, "value" | "status" | "reason"> {
  if (!asked) return { value: "not asked yet", status: "wait", reason: "asked for when all else passes" };
  const { decision, deadline } = asked;
  if (!decision) {
    return isExpired(asked, now)
      ? { value: "expired", status: "fail", reason: `no decision until ${deadline}` }
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

/** Who started a run has to be known where that person may not approve it: else no approval could be accepted. */
const gateApproval: ConditionCheck<ApprovalPlan> = {
  name: "gate-approval",
  refusesOrWarns: "Refuses a run whose initiator is not known, where that person may not approve it.",
  check(facts, report) {
    const found = facts.gates.flatMap(({ name, conditions }) =>
      conditions.map(({ withinSeconds, selfApproval }) => {
        const object = gateObject(name);
        const asks = `asks for an approval within ${durationText(withinSeconds)}`;
        return selfApproval ? report.ok(object, asks) : byAnother({ object, asks }, facts, report);
      }),
    );
    return found.length > 0 ? found : [report.ok("gates", "ask for no approval")];
  },
};

interface Asking {
  readonly object: string;
  readonly asks: string;
}

function byAnother(
  { object, asks }: Asking,
  { startedBy }: Pick<CheckFacts, "startedBy">,
  report: Report,
): ConditionFinding {
  switch (startedBy.kind) {
    case "not asked":
      return report.ok(object, `${asks}, by another person than the one who runs sluice start`);
    case "unread":
      return report.unread({ object, problem: startedBy.problem });
    case "read":
      return byAnotherThan(startedBy.value, { object, asks }, report);
    default:
      return startedBy satisfies never;
  }
}

function byAnotherThan(
  startedBy: string | undefined,
  { object, asks }: Asking,
  { ok, refuse }: Report,
): ConditionFinding {
  if (startedBy === undefined) {
    return refuse({
      object,
      message: "takes no approval of the person who started the run, and it is not known who that is",
      remedy: "Start it with sluice start, which says who you are",
    });
  }
  if (!isAnonymousSession(startedBy)) return ok(object, `${asks}, by another person than ${startedBy}`);
  return refuse({
    object,
    message: `takes no approval of the person who started the run, and ${startedBy} may be anybody`,
    remedy: "Start it with a session name of your own: role_session_name in the profile of AWS",
  });
}

export const approval = defineCondition({
  key: "approval",
  kind: "approval",
  schema,
  plan: (declared): readonly ApprovalPlan[] =>
    declared
      ? [{ kind: "approval", withinSeconds: seconds(declared.within), selfApproval: declared.self_approval }]
      : [],
  planText: ({ withinSeconds, selfApproval }, format) => [
    "approval",
    `by ${selfApproval ? "a person" : "another person than who starts the run"}, within ${format.seconds(withinSeconds)}`,
  ],
  read: ({ approval, now }, planned) =>
    Promise.resolve(planned.map((question) => readApproval(question, approval, now))),
  // There is one approval at most, which its reason does not name.
  statusText: ({ reason, value, threshold }) =>
    reason === "" ? `approval: ${value} (asked: ${threshold})` : `approval: ${reason}`,
  asksPeople: ({ withinSeconds, selfApproval }) => ({ withinSeconds, selfApproval }),
  checks: [gateApproval],
});
