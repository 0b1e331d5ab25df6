import type { AlarmState } from "../ports.ts";
import type { CheckResult, PreflightContext } from "./check.ts";
import { findings } from "./finding.ts";

const { ok, warn, refuse } = findings("alarms-ok");

/** A run starts in a healthy system. What cannot be read counts as unhealthy. */
export function alarmsOk({ migration, alarms }: PreflightContext): readonly CheckResult[] {
  const names = migration.gates.alarms;
  if (names.length === 0) {
    return [
      warn({
        object: "gates.alarms",
        message: "names no alarm, so nothing stops a cutover that hurts users",
        remedy: "Name the CloudWatch alarms on the application's errors and latency",
      }),
    ];
  }
  return names.map((name) => result(name, alarms.get(name) ?? "missing"));
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
        remedy: "Create it, or correct its name in gates.alarms",
      });
    default:
      return state satisfies never;
  }
}
