import type { CheckResult, PreflightContext } from "../../check.ts";
import { isAnonymousSession } from "../../../run/operator/same-principal.ts";
import { durationText } from "../../amounts.ts";
import { findings, orOk } from "../../finding.ts";
import { declaredGates, gateObject } from "../../gates.ts";

const { ok, refuse, unread } = findings("gate-approval");

/** Who started a run has to be known where that person may not approve it: else nobody could. */
export function gateApproval(context: PreflightContext): readonly CheckResult[] {
  const results = declaredGates(context.migration).flatMap(({ name, approval }) => {
    if (approval === undefined) return [];
    const object = gateObject(name);
    const asks = `asks for an approval within ${durationText(approval.withinSeconds)}`;
    if (approval.selfApproval) return [ok(object, asks)];
    return [byAnother(context, object, asks)];
  });
  return orOk(results, ok("gates", "ask nobody for an approval"));
}

function byAnother(context: PreflightContext, object: string, asks: string): CheckResult {
  const { startedBy } = context;
  switch (startedBy.kind) {
    case "not asked":
      return ok(object, `${asks}, by another person than the one who runs sluice start`);
    case "unread":
      return unread(context, { object, problem: startedBy.problem });
    case "read":
      return judge(object, asks, startedBy.value);
    default:
      return startedBy satisfies never;
  }
}

function judge(object: string, asks: string, startedBy: string | undefined): CheckResult {
  if (startedBy === undefined) {
    return refuse({
      object,
      message: "takes no approval of the person who started the run, and nobody knows who that is",
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
