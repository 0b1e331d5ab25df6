import { movesTraffic } from "../../../operations/migration-operations.ts";
import type { CheckResult, PreflightContext } from "../../check.ts";
import { findings, orOk } from "../../finding.ts";

const { ok, warn } = findings("soak-length");
const MINUTE_MS = 60_000;

/**
 * A metric of Aurora comes a minute wide and up to three minutes late, and an alarm takes several of them; the flag
 * itself takes 45 s to reach every client. A shorter soak ends before an alarm could have fired.
 */
const MIN_STEP_MS = 5 * MINUTE_MS;
const MIN_SOAK_MS = 10 * MINUTE_MS;

/** Warns where a soak ends before an alarm could fire. */
export function soakLength({ migration }: PreflightContext): readonly CheckResult[] {
  const { cutover, soak } = migration;
  if (!movesTraffic(migration)) return [];
  const hasty = cutover.steps.filter((step) => step.soak < MIN_STEP_MS).length;
  const problems: CheckResult[] = [];
  if (hasty > 0) {
    problems.push(
      warn({
        object: "cutover.steps",
        message: `has ${String(hasty)} of ${String(cutover.steps.length)} steps with a soak of less than 5 minutes, too short for an alarm to fire`,
        remedy: 'Give each step a soak of "5m" or more',
      }),
    );
  }
  if (soak < MIN_SOAK_MS) {
    problems.push(
      warn({
        object: "soak",
        message: `is ${String(soak / 1_000)} s, too short for an alarm to fire`,
        remedy: 'Set soak to "10m" or more; an hour is the default',
      }),
    );
  }
  return orOk(problems, ok("soak", "leaves alarms the time to fire"));
}
