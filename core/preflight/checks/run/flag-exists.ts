import { movesTraffic } from "../../../operations/migration-operations.ts";
import type { CheckResult, PreflightContext } from "../../check.ts";
import { findings } from "../../finding.ts";

const { ok, refuse, unread } = findings("flag-exists");

/** Without its flag the application cannot be moved, nor moved back. */
export function flagExists(context: PreflightContext): CheckResult | readonly CheckResult[] {
  const { migration, flagExists: exists } = context;
  if (!movesTraffic(migration)) return [];
  const object = `flag "${migration.migration}"`;
  if (exists.kind === "not asked") return [];
  if (exists.kind === "unread") return unread(context, { object, problem: exists.problem });
  if (exists.value) return ok(object, "is deployed");
  return refuse({
    object,
    message: "has no environment and profile in AppConfig",
    remedy: "Run sluice deploy with this migration in the migrations folder",
  });
}
