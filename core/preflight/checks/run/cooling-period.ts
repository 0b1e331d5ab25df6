import { movesTraffic } from "../../../operations/migration-operations.ts";
import { bytesText, durationText, LARGE_TABLE_BYTES } from "../../amounts.ts";
import type { CheckResult, PreflightContext } from "../../check.ts";
import { findings } from "../../finding.ts";

const { ok, warn, refuse } = findings("cooling-period");
const DAY_MS = 86_400_000;
const MIN_DAYS = 7;

/**
 * A weekly job that still reads the old shape is found only by waiting a week, and a nightly one by waiting a night.
 * That nobody declared a consumer excuses nothing: it only means that nobody has looked.
 */
export function coolingPeriod({
  migration,
  catalog: { table },
}: PreflightContext): CheckResult | readonly CheckResult[] {
  const object = "contract.cooling";
  if (!movesTraffic(migration)) return [];
  const { cooling } = migration.contract;
  const remedy = 'Set contract.cooling to "7d" or more, to match the closing cycle';
  if (cooling >= MIN_DAYS * DAY_MS) return ok(object, `is ${String(Math.floor(cooling / DAY_MS))} days`);
  if (cooling === 0) {
    return refuse({
      object,
      message: "is 0: the old column would be dropped before anybody could miss it, and nothing brings it back",
      remedy,
    });
  }
  const bytes = table?.bytes ?? 0;
  if (cooling < DAY_MS && bytes > LARGE_TABLE_BYTES) {
    return refuse({
      object,
      message: `is ${durationText(cooling / 1_000)}, and the table has ${bytesText(bytes)}: not even a nightly job that reads the old column shows up in time`,
      remedy,
    });
  }
  return warn({
    object,
    message: "is shorter than 7 days, so a weekly job that reads the old column shows up only after it is gone",
    remedy,
  });
}
