import type { GatePlan } from "../../../plan/plan.ts";
import type { CheckResult, PreflightContext } from "../../check.ts";
import { findings, orOk } from "../../finding.ts";
import { declaredGates, gateObject } from "../../gates.ts";

const { ok, refuse } = findings("gate-times");

/**
 * Waiting for an alarm to have been OK for `ok_for` is time on hold, of which a gate has its `timeout`. It fails at a look
 * that finds it on hold after that, so the two may be equal. `hold` is not counted: its time passes while everything
 * holds, and a gate may ask for more of it than its timeout.
 */
export function gateTimes({ migration }: PreflightContext): readonly CheckResult[] {
  const problems = declaredGates(migration).flatMap((gate) => tooShort(gate) ?? []);
  return orOk(problems, ok("gates", "have the time to pass after an alarm has come and gone"));
}

function tooShort({ name, alarms, timeoutSeconds }: GatePlan): CheckResult | undefined {
  const okFor = Math.max(0, ...alarms.map(({ okForSeconds }) => okForSeconds));
  if (okFor <= timeoutSeconds) return undefined;
  return refuse({
    object: gateObject(name),
    message:
      `wants its alarms OK for ${String(okFor)} s, but waits for ${String(timeoutSeconds)} s only: once an alarm has come ` +
      "and gone, the gate could not pass",
    remedy: `Set its timeout to "${String(okFor)}s" or more, or alarms.ok_for to less`,
  });
}
