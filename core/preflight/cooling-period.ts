import type { CheckResult, PreflightContext } from "./check.ts";
import { findings } from "./finding.ts";

const { ok, warn } = findings("cooling-period");
const DAY_MS = 86_400_000;
const SHORTEST_DAYS = 7;

/** A weekly job that still reads the old shape is found only by waiting a week. */
export function coolingPeriod({ migration }: PreflightContext): CheckResult {
  const object = "contract.cooling";
  const { cooling } = migration.contract;
  if (cooling >= SHORTEST_DAYS * DAY_MS) return ok(object, `is ${String(Math.floor(cooling / DAY_MS))} days`);
  return warn({
    object,
    message: "is shorter than 7 days, so a weekly job that reads the old column shows up only after it is gone",
    remedy: 'Set contract.cooling to "7d" or more, to match the closing cycle',
  });
}
