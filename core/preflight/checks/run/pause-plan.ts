import { GATES } from "../../../migration/schema.ts";
import type { CheckResult, PreflightContext } from "../../check.ts";
import { findings } from "../../finding.ts";

const { ok, warn } = findings("pause-plan");

/** Somebody or something has to hold a run that hurts, before and while the backfill writes. */
export function pausePlan({ migration: { gates } }: PreflightContext): CheckResult {
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
}
