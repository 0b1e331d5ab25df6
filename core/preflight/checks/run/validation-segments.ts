import type { CheckResult, PreflightContext } from "../../check.ts";
import { findings } from "../../finding.ts";

const { ok, warn } = findings("validation-segments");

/**
 * A total hides the one tenant whose rows went wrong. It is a warning and no refusal: every row is compared exactly
 * whatever the segments, so a difference is found all the same, and only whose it is stays unknown.
 */
export function validationSegments({ migration }: PreflightContext): CheckResult {
  const object = "validate.segments";
  const { segments } = migration.validate;
  if (segments.length > 0) return ok(object, `counts and compares by ${segments.join(", ")}`);
  return warn({
    object,
    message: "is empty: total counts only, in which one tenant's loss disappears",
    remedy: "Name the columns by which the business would see a difference: tenant, region, state",
  });
}
