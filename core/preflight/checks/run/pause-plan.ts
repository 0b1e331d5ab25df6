import { GATES } from "../../../gates/gate-names.ts";
import { runCheck } from "../../define-check.ts";
import { ok, warn } from "../../finding.ts";

/** An alarm or a gate has to stop a run that does damage, before and while the backfill writes. */
export const pausePlan = runCheck({
  name: "pause-plan",
  refusesOrWarns: "Warns where neither an alarm nor a gate would stop the run.",
  check({ migration: { gates } }) {
    const object = "gates";
    if (gates.alarms.length > 0) return ok(object, "has alarms, which end the run when they fire");
    const before = (["before_expand", "before_backfill"] as const).find((gate) => gates[gate] !== undefined);
    if (before !== undefined) return ok(object, `has ${before}, at which the run waits`);
    const pausing = GATES.find((gate) => gates[gate]?.on_fail === "pause");
    if (pausing !== undefined) return ok(object, `has ${pausing}, which pauses the run when it fails`);
    return warn({
      object,
      message: "has no alarm and no gate before the backfill: only an operator can stop it, with sluice pause",
      remedy: "Name alarms under gates.alarms, declare gates.before_backfill, or have an operator watch the run",
    });
  },
});
