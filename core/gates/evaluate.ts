import { asksPeople } from "./conditions/kinds.ts";
import type { ConditionReading, GateEvaluation } from "./evaluation.ts";
import type { GateTimes } from "./gate-times.ts";

/** How long a gate must be stable and may wait. */
export interface GateLimits {
  readonly gate: string;
  readonly stableForSeconds: number;
  readonly timeoutSeconds: number;
}

/**
 * What the readings of one evaluation come to.
 *
 * A gate waits while a condition that people do not fulfil does not pass, for `timeoutSeconds` in all; time in which
 * all of them pass, and only `stableForSeconds` are not over, is none of it. So that a condition which comes and goes
 * can neither pass nor wait for ever, the gate fails as well at the first break after both of its times together.
 */
export function evaluate(
  { gate, stableForSeconds, timeoutSeconds }: GateLimits,
  readings: readonly ConditionReading[],
  times: Omit<GateTimes, "polls">,
): GateEvaluation {
  const broken = isBroken(readings);
  const stableSeconds = broken ? 0 : times.stableSeconds;
  const { waitedSeconds, elapsedSeconds } = times;
  const overdue = waitedSeconds >= timeoutSeconds || elapsedSeconds >= timeoutSeconds + stableForSeconds;
  const status = (): GateEvaluation["status"] => {
    if (readings.some((reading) => reading.status === "fail")) return "fail";
    if (broken) return overdue ? "fail" : "wait";
    if (stableSeconds < stableForSeconds) return "wait";
    return readings.every((reading) => reading.status === "pass") ? "pass" : "ask";
  };
  return { gate, status: status(), readings, stableSeconds, stableForSeconds, waitedSeconds, timeoutSeconds };
}

/** Whether a condition that people do not fulfil does not pass. */
export function isBroken(readings: readonly ConditionReading[]): boolean {
  return readings.some(({ kind, status }) => status !== "pass" && !asksPeople(kind));
}

/** Why a gate does not let the run through; that people are still to answer, or to be asked, is no reason. */
export function reasonsOf({ readings }: Pick<GateEvaluation, "readings">): readonly string[] {
  return readings
    .filter(({ kind, status }) => status === "fail" || (status === "wait" && !asksPeople(kind)))
    .map(({ reason }) => reason);
}
