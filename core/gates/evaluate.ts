import type { ConditionReading, GateEvaluation } from "./evaluation.ts";
import type { GateTimes } from "./gate-times.ts";

/** How long a gate must hold and may wait. */
export interface GateLimits {
  readonly gate: GateEvaluation["gate"];
  readonly holdSeconds: number;
  readonly timeoutSeconds: number;
}

/**
 * What the readings of one look come to.
 *
 * A gate is on hold while anything but the approval does not hold, for `timeoutSeconds` in all; time in which everything
 * holds, and only `holdSeconds` are not over, is none of it. So that a condition which comes and goes can neither pass
 * nor wait for ever, the gate fails as well at the first break after both of its times together.
 */
export function evaluate(
  { gate, holdSeconds, timeoutSeconds }: GateLimits,
  readings: readonly ConditionReading[],
  times: Omit<GateTimes, "looks">,
): GateEvaluation {
  const broken = isBroken(readings);
  const passedSeconds = broken ? 0 : times.passedSeconds;
  const { heldSeconds, waitedSeconds } = times;
  const overdue = heldSeconds >= timeoutSeconds || waitedSeconds >= timeoutSeconds + holdSeconds;
  const verdict = (): GateEvaluation["verdict"] => {
    if (readings.some((reading) => reading.verdict === "fail")) return "fail";
    if (broken) return overdue ? "fail" : "hold";
    if (passedSeconds < holdSeconds) return "hold";
    return readings.every((reading) => reading.verdict === "pass") ? "pass" : "callback";
  };
  return { gate, verdict: verdict(), readings, passedSeconds, holdSeconds, heldSeconds, timeoutSeconds };
}

/** Whether anything but the approval does not hold. */
export function isBroken(readings: readonly ConditionReading[]): boolean {
  return readings.some(({ kind, verdict }) => kind !== "approval" && verdict !== "pass");
}

/** Why a gate does not let the run through; that people are still to answer, or to be asked, is no reason. */
export function reasonsOf({ readings }: Pick<GateEvaluation, "readings">): readonly string[] {
  return readings
    .filter(({ kind, verdict }) => verdict === "fail" || (verdict === "hold" && kind !== "approval"))
    .map(({ reason }) => reason);
}
