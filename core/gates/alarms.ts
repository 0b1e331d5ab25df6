import type { GatePlan } from "../plan/plan.ts";
import type { AlarmReading, Alarms } from "../ports.ts";
import type { ConditionReading } from "./evaluation.ts";
import { whyUnreadable } from "./unreadable.ts";

type AlarmCondition = GatePlan["alarms"][number];

/**
 * Each alarm at this moment. One in ALARM fails, and is not waited for; OK for long enough is the only other state that
 * does not hold: no data, no such alarm and no answer are not health.
 */
export async function readAlarms(
  alarms: Alarms,
  conditions: readonly AlarmCondition[],
  now: Date,
): Promise<readonly ConditionReading[]> {
  if (conditions.length === 0) return [];
  try {
    const states = await alarms.states(conditions.map(({ name }) => name));
    return conditions.map((condition) => judge(condition, states.get(condition.name), now));
  } catch (error) {
    const why = whyUnreadable(error);
    return conditions.map((condition) => ({
      ...about(condition),
      value: "unreadable",
      status: "wait",
      reason: `alarm "${condition.name}" cannot be read: ${why}`,
    }));
  }
}

function judge(condition: AlarmCondition, found: AlarmReading | undefined, now: Date): ConditionReading {
  const { state, since }: AlarmReading = found ?? { state: "missing" };
  const reading = { ...about(condition), value: state };
  if (state !== "OK") {
    const status = state === "ALARM" ? "fail" : "wait";
    return { ...reading, status, reason: `alarm "${condition.name}" is ${state}` };
  }
  const short = shortOf(condition.okForSeconds, since, now);
  if (short === undefined) return { ...reading, status: "pass", reason: "" };
  return { ...reading, status: "wait", reason: `alarm "${condition.name}" is OK, ${short}` };
}

/** What an alarm that is OK now lacks; undefined where it has been so for long enough. */
function shortOf(okForSeconds: number, since: Date | undefined, now: Date): string | undefined {
  if (okForSeconds === 0) return undefined;
  if (since === undefined) return "but CloudWatch does not say since when";
  const okSeconds = Math.max(0, (now.getTime() - since.getTime()) / 1_000);
  const left = Math.ceil(okForSeconds - okSeconds);
  return left <= 0 ? undefined : `and must be for ${String(left)} s more`;
}

function about({ name, okForSeconds }: AlarmCondition): Pick<ConditionReading, "kind" | "name" | "threshold"> {
  return { kind: "alarm", name, threshold: okForSeconds === 0 ? "OK" : `OK for ${String(okForSeconds)} s` };
}
