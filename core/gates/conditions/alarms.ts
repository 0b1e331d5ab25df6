import { z } from "zod";
import { bytesText, LARGE_TABLE_BYTES } from "../../amounts.ts";
import { duration } from "../../migration/scalars.ts";
import { seconds } from "../../plan/seconds.ts";
import type { AlarmReading, Alarms, AlarmState } from "../../ports.ts";
import { gateObject } from "../gate-names.ts";
import {
  type ConditionCheck,
  type ConditionFinding,
  type ConditionPlan,
  type ConditionResult,
  defineCondition,
  type DeclaredGate,
  type Report,
} from "./condition.ts";
import { whyUnreadable } from "./unreadable.ts";

/** An alarm that must be OK, and have been so for `okForSeconds`. */
interface AlarmPlan extends ConditionPlan {
  readonly kind: "alarm";
  readonly name: string;
  readonly okForSeconds: number;
}

export const alarmName = z.string().min(1).max(255);

const schema = z
  .strictObject({
    names: z.array(alarmName).min(1).describe("CloudWatch alarms, metric or composite"),
    ok_for: duration.prefault("5m").describe("How long each must have been OK without a break"),
  })
  .describe("Alarms that must have been OK for a while");

/** Those of all gates, as they are now; the gate's own for as long as it says, each once. */
function planAlarms(declared: z.output<typeof schema> | undefined, all: readonly string[]): readonly AlarmPlan[] {
  const own = (declared?.names ?? []).map((name) => [name, seconds(declared?.ok_for ?? 0)] as const);
  const okFor = new Map([...all.map((name) => [name, 0] as const), ...own]);
  return [...okFor].map(([name, okForSeconds]) => ({
    kind: "alarm",
    name,
    okForSeconds,
    ...(okForSeconds === 0 && all.includes(name) && { inherited: true }),
  }));
}

/**
 * Each alarm at this moment. One in ALARM fails, and is not waited for; OK for long enough is the only other state that
 * passes: no data, no such alarm and no answer are not healthy.
 */
async function readAlarms(
  alarms: Alarms,
  planned: readonly AlarmPlan[],
  now: Date,
): Promise<readonly ConditionResult[]> {
  if (planned.length === 0) return [];
  try {
    const states = await alarms.states(planned.map(({ name }) => name));
    return planned.map((alarm) => judge(alarm, states.get(alarm.name), now));
  } catch (error) {
    const why = whyUnreadable(error);
    return planned.map((alarm) => ({
      ...about(alarm),
      value: "unreadable",
      status: "wait",
      reason: `alarm "${alarm.name}" cannot be read: ${why}`,
    }));
  }
}

function judge(alarm: AlarmPlan, found: AlarmReading | undefined, now: Date): ConditionResult {
  const { state, since }: AlarmReading = found ?? { state: "missing" };
  const reading = { ...about(alarm), value: state };
  if (state !== "OK") {
    const status = state === "ALARM" ? "fail" : "wait";
    return { ...reading, status, reason: `alarm "${alarm.name}" is ${state}` };
  }
  const short = shortOf(alarm.okForSeconds, since, now);
  if (short === undefined) return { ...reading, status: "pass", reason: "" };
  return { ...reading, status: "wait", reason: `alarm "${alarm.name}" is OK, ${short}` };
}

/** What an alarm that is OK now lacks; undefined where it has been so for long enough. */
function shortOf(okForSeconds: number, since: Date | undefined, now: Date): string | undefined {
  if (okForSeconds === 0) return undefined;
  if (since === undefined) return "but CloudWatch does not say since when";
  const okSeconds = Math.max(0, (now.getTime() - since.getTime()) / 1_000);
  const left = Math.ceil(okForSeconds - okSeconds);
  return left <= 0 ? undefined : `and must be for ${String(left)} s more`;
}

function about({ name, okForSeconds }: AlarmPlan): Pick<ConditionResult, "name" | "threshold"> {
  return { name, threshold: okForSeconds === 0 ? "OK" : `OK for ${String(okForSeconds)} s` };
}

/** A run starts in a healthy system, with something to stop it. What cannot be read counts as unhealthy. */
const alarmsOk: ConditionCheck<AlarmPlan> = {
  name: "alarms-ok",
  refusesOrWarns:
    "Refuses an alarm that is not OK, and a table of more than 1 GiB without any; warns of a smaller one.",
  check({ rollbackAlarms, alarms, tableBytes }, report) {
    if (rollbackAlarms.length === 0) return [noAlarm(tableBytes, report)];
    switch (alarms.kind) {
      case "not asked":
        return [];
      case "unread":
        return [report.unread({ object: "gates.alarms", problem: alarms.problem })];
      case "read":
        return rollbackAlarms.map((name) => presentState(name, alarms.value.get(name)?.state ?? "missing", report));
      default:
        return alarms satisfies never;
    }
  },
};

function noAlarm(bytes: number, { warn, refuse }: Report): ConditionFinding {
  const problem = {
    object: "gates.alarms",
    remedy: "Name the CloudWatch alarms on the application's errors and latency",
  };
  if (bytes <= LARGE_TABLE_BYTES) {
    return warn({ ...problem, message: "names no alarm, so nothing would stop a run that hurts users" });
  }
  const size = bytesText(bytes);
  return refuse({
    ...problem,
    message: `names no alarm, and the table has ${size}: nothing would stop a run that hurts users`,
  });
}

function presentState(name: string, state: AlarmState, { ok, refuse }: Report): ConditionFinding {
  const object = `alarm "${name}"`;
  switch (state) {
    case "OK":
      return ok(object, "is OK");
    case "ALARM":
      return refuse({ object, message: "is in ALARM now", remedy: "Find out why, and start the run when it is OK" });
    case "INSUFFICIENT_DATA":
      return refuse({
        object,
        message: "has no data, which counts as unhealthy",
        remedy: "Let its metric arrive, or correct the alarm's metric and how it treats missing data",
      });
    case "missing":
      return refuse({
        object,
        message: "does not exist in CloudWatch",
        remedy: "Create it, or correct its name in gates",
      });
    default:
      return state satisfies never;
  }
}

/** Monitors that an environment of AppConfig may have (https://docs.aws.amazon.com/general/latest/gr/appconfig.html). */
const MAX_MONITORS = 5;

/** AppConfig takes a baking flag back by itself when one of its monitors fires; it has room for five. */
const monitors: ConditionCheck<AlarmPlan> = {
  name: "monitors",
  refusesOrWarns: "Warns of more than 5 alarms, of which AppConfig watches the first five while a flag bakes.",
  check({ rollbackAlarms }, { ok, warn }) {
    const object = "gates";
    if (rollbackAlarms.length <= MAX_MONITORS) {
      return [ok(object, "name no more alarms than AppConfig watches while a flag bakes")];
    }
    const unwatched = rollbackAlarms
      .slice(MAX_MONITORS)
      .map((name) => `"${name}"`)
      .join(", ");
    return [
      warn({
        object,
        message:
          `name ${String(rollbackAlarms.length)} alarms, and AppConfig watches only the first ${String(MAX_MONITORS)} while a flag ` +
          `bakes, not ${unwatched}; each of them ends the run all the same, by its own event`,
        remedy: "Put the alarms on users' errors and latency first, or join the others in a composite alarm",
      }),
    ];
  },
};

/**
 * Waiting for an alarm to have been OK for `ok_for` is time in which the gate waits, of which it has its `timeout`. It
 * fails at an evaluation that finds it waiting after that, so the two may be equal. `stable_for` is not counted: its
 * time passes while every condition passes, and a gate may ask for more of it than its timeout.
 */
const gateTimes: ConditionCheck<AlarmPlan> = {
  name: "gate-times",
  refusesOrWarns: "Refuses a timeout that is over before an alarm has been OK for as long as the gate wants.",
  check({ gates }, report) {
    const problems = gates.flatMap((gate) => tooShort(gate, report) ?? []);
    if (problems.length > 0) return problems;
    return [report.ok("gates", "have the time to pass after an alarm has come and gone")];
  },
};

function tooShort(
  { name, conditions, timeoutSeconds }: DeclaredGate<AlarmPlan>,
  { refuse }: Report,
): ConditionFinding | undefined {
  const okFor = Math.max(0, ...conditions.map(({ okForSeconds }) => okForSeconds));
  if (okFor <= timeoutSeconds) return undefined;
  return refuse({
    object: gateObject(name),
    message:
      `wants its alarms OK for ${String(okFor)} s, but waits for ${String(timeoutSeconds)} s only: once an alarm has come ` +
      "and gone, the gate could not pass",
    remedy: `Set its timeout to "${String(okFor)}s" or more, or alarms.ok_for to less`,
  });
}

export const alarms = defineCondition({
  key: "alarms",
  kind: "alarm",
  schema,
  plan: (declared, all): readonly AlarmPlan[] => planAlarms(declared, all.alarms),
  planText: ({ name, okForSeconds }, format) => [
    "alarm",
    okForSeconds === 0 ? `${name}: OK` : `${name}: OK for ${format.seconds(okForSeconds)}`,
  ],
  read: ({ ports, now }, planned) => readAlarms(ports.alarms, planned, now),
  rollbackAlarms: ({ names }) => names,
  checks: [alarmsOk, monitors, gateTimes],
});
