import type { CheckResult, PreflightContext } from "./check.ts";
import { findings } from "./finding.ts";

const { ok, warn } = findings("consumers-declared");

/** Contract drops what somebody may still read: their list has to be somebody's work. */
export function consumersDeclared({ migration }: PreflightContext): CheckResult {
  const object = "contract.consumers";
  const { consumers } = migration.contract;
  if (consumers.length > 0) return ok(object, `names ${consumers.map(({ name }) => name).join(", ")}`);
  return warn({
    object,
    message: "is empty: nobody has said who reads the old column",
    remedy: "List the services, jobs, exports, BI reports and roles that read or write the table",
  });
}
