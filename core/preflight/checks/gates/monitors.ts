import { rollbackAlarms } from "../../../gates/rollback-alarms.ts";
import type { CheckResult, PreflightContext } from "../../check.ts";
import { findings } from "../../finding.ts";
import { quoted } from "../../object-names.ts";

const { ok, warn } = findings("monitors");

/** Monitors that an environment of AppConfig may have (https://docs.aws.amazon.com/general/latest/gr/appconfig.html). */
const MAX_MONITORS = 5;

/** AppConfig takes a baking flag back by itself when one of its monitors fires; it has room for five. */
export function monitors({ migration }: PreflightContext): CheckResult {
  const object = "gates";
  const names = rollbackAlarms(migration);
  if (names.length <= MAX_MONITORS) return ok(object, "name no more alarms than AppConfig watches while a flag bakes");
  const unwatched = quoted(names.slice(MAX_MONITORS));
  return warn({
    object,
    message:
      `name ${String(names.length)} alarms, and AppConfig watches only the first ${String(MAX_MONITORS)} while a flag ` +
      `bakes, not ${unwatched}; each of them ends the run all the same, by its own event`,
    remedy: "Put the alarms on users' errors and latency first, or join the others in a composite alarm",
  });
}
