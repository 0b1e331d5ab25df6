import { movesTraffic } from "../../../operations/migration-operations.ts";
import { bytesText, durationText, LARGE_TABLE_BYTES } from "../../../amounts.ts";
import { runCheck } from "../../define-check.ts";
import { ok, refuse, warn } from "../../finding.ts";

const DAY_MS = 86_400_000;
const MIN_DAYS = 7;

/**
 * A weekly job that still reads the old shape is found only by waiting a week, and a nightly one by waiting a night.
 * A migration without declared consumers needs the time all the same: a consumer may be missing from its list.
 */
export const coolingPeriod = runCheck({
  name: "cooling-period",
  refusesOrWarns: "Warns of less than 7 days; refuses none at all, and less than a day on a table of more than 1 GiB.",
  check({ migration, catalog: { table } }) {
    const object = "contract.cooling";
    if (!movesTraffic(migration)) return [];
    const { cooling } = migration.contract;
    const remedy = 'Set contract.cooling to "7d" or more, to match the closing cycle';
    if (cooling >= MIN_DAYS * DAY_MS) return ok(object, `is ${String(Math.floor(cooling / DAY_MS))} days`);
    if (cooling === 0) {
      return refuse({
        object,
        message:
          "is 0: the old column would be dropped at once, before a reader of it could fail, and it cannot be restored",
        remedy,
      });
    }
    const bytes = table?.bytes ?? 0;
    if (cooling < DAY_MS && bytes > LARGE_TABLE_BYTES) {
      return refuse({
        object,
        message: `is ${durationText(cooling / 1_000)}, and the table has ${bytesText(bytes)}: not even a nightly job that reads the old column fails in time to be found`,
        remedy,
      });
    }
    return warn({
      object,
      message: "is shorter than 7 days, so a weekly job that reads the old column fails only after it is dropped",
      remedy,
    });
  },
});
