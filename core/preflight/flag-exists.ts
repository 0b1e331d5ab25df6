import type { CheckResult, PreflightContext } from "./check.ts";
import { findings } from "./finding.ts";

const { ok, refuse } = findings("flag-exists");

/** Without its flag the application cannot be moved, nor moved back. */
export function flagExists({ migration, flagExists: exists }: PreflightContext): CheckResult {
  const object = `flag "${migration.migration}"`;
  if (exists) return ok(object, "is deployed");
  return refuse({
    object,
    message: "has no environment and profile in AppConfig",
    remedy: "Run sluice deploy with this migration in the migrations folder",
  });
}
