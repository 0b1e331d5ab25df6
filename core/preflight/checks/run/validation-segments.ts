import { runCheck } from "../../define-check.ts";
import { ok, warn } from "../../finding.ts";

/**
 * A total hides the one tenant whose rows went wrong. It is a warning and no refusal: every row is compared exactly
 * whatever the segments, so a difference is found all the same, and only whose it is stays unknown.
 */
export const validationSegments = runCheck({
  name: "validation-segments",
  refusesOrWarns: "Warns of a validation by total counts alone.",
  check({ migration }) {
    const object = "validate.segments";
    const { segments } = migration.validate;
    if (segments.length > 0) return ok(object, `counts and compares by ${segments.join(", ")}`);
    return warn({
      object,
      message: "is empty: it counts only the table as a whole, in which the loss of one tenant does not show",
      remedy: "Name the columns by which the business would see a difference: tenant, region, state",
    });
  },
});
