import { rollbackAlarms } from "../../../gates/rollback-alarms.ts";
import type { AlarmState } from "../../../ports.ts";
import { bytesText, LARGE_TABLE_BYTES } from "../../amounts.ts";
import type { CheckResult, PreflightContext } from "../../check.ts";
import { findings } from "../../finding.ts";

const { ok, warn, refuse, unread } = findings("alarms-ok");

/** A run starts in a healthy system, with something to stop it. What cannot be read counts as unhealthy. */
export function alarmsOk(context: PreflightContext): readonly CheckResult[] {
  const { migration, alarms } = context;
  const names = rollbackAlarms(migration);
  if (names.length === 0) return [noAlarm(context)];
  switch (alarms.kind) {
    case "not asked":
      return [];
    case "unread":
      return [unread(context, { object: "gates.alarms", problem: alarms.problem })];
    case "read":
      return names.map((name) => result(name, alarms.value.get(name)?.state ?? "missing"));
    default:
      return alarms satisfies never;
  }
}

function noAlarm({ catalog: { table } }: PreflightContext): CheckResult {
  const bytes = table?.bytes ?? 0;
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

function result(name: string, state: AlarmState): CheckResult {
  const object = `alarm "${name}"`;
  switch (state) {
    case "OK":
      return ok(object, "is OK");
    case "ALARM":
      return refuse({
        object,
        message: "is in ALARM now",
        remedy: "Find out why, and start the run when it is OK",
      });
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
