import { movesTraffic } from "../../../operations/migration-operations.ts";
import { runCheck } from "../../define-check.ts";
import { ok, refuse, unread } from "../../finding.ts";

/** Without its flag traffic cannot be moved, nor returned. */
export const flagExists = runCheck({
  name: "flag-exists",
  refusesOrWarns: "Refuses a migration whose flag was never deployed.",
  check(context) {
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
  },
});
