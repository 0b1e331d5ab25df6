import { GATES } from "../../../gates/gate-names.ts";
import { runCheck } from "../../define-check.ts";
import { ok, warn } from "../../finding.ts";

/** Somebody or something has to hold a run that hurts, before and while the backfill writes. */
export const pausePlan = runCheck({
  name: "pause-plan",
  refusesOrWarns: "Warns where nothing but a person would hold the run.",
  check({ migration: { gates } }) {
    const object = "gates";
    if (gates.alarms.length > 0) return ok(object, "has alarms, which end the run when they fire");
    const before = (["before_expand", "before_backfill"] as const).find((gate) => gates[gate] !== undefined);
    if (before !== undefined) return ok(object, `has ${before}, which holds the run`);
    const pausing = GATES.find((gate) => gates[gate]?.on_fail === "pause");
    if (pausing !== undefined) return ok(object, `has ${pausing}, which pauses the run when it fails`);
    return warn({
      object,
      message: "has no alarm and no gate before the backfill: only a person pauses it, by sluice pause",
      remedy: "Name alarms under gates.alarms, declare gates.before_backfill, or say who watches the run",
    });
  },
});
