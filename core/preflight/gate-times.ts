import type { GatePlan } from "../plan/plan.ts";
import { durationText } from "./amounts.ts";
import type { CheckResult, PreflightContext } from "./check.ts";
import { findings, orOk } from "./finding.ts";
import { declaredGates, gateObject } from "./gates.ts";

const { ok, refuse } = findings("gate-times");

/**
 * Waiting for an alarm to have been OK for `ok_for` is time on hold, of which a gate has its `timeout`. `hold` is not:
 * its time passes while everything holds, and a gate may ask for more of it than its timeout.
 */
export function gateTimes({ migration }: PreflightContext): readonly CheckResult[] {
  const problems = declaredGates(migration).flatMap((gate) => tooShort(gate) ?? []);
  return orOk(problems, ok("gates", "have the time to pass after an alarm has come and gone"));
}

function tooShort({ name, alarms, pollSeconds, timeoutSeconds }: GatePlan): CheckResult | undefined {
  const okFor = Math.max(0, ...alarms.map(({ okForSeconds }) => okForSeconds));
  if (okFor === 0 || okFor + pollSeconds <= timeoutSeconds) return undefined;
  return refuse({
    object: gateObject(name),
    message:
      `wants its alarms OK for ${durationText(okFor)} and looks every ${durationText(pollSeconds)}, but waits for ` +
      `${durationText(timeoutSeconds)} only: an alarm that has just become OK would always be too late`,
    remedy: `Set its timeout to "${String(okFor + pollSeconds)}s" or more, or alarms.ok_for to less`,
  });
}
