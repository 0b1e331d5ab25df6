import { z } from "zod";
import type { Session } from "../../ports.ts";
import { gateObject, GATES, type GateName } from "../gate-names.ts";
import { newestValidation } from "../newest-validation.ts";
import { type ConditionCheck, type ConditionPlan, type ConditionResult, defineCondition } from "./condition.ts";

/** The largest share of rows that may differ in the run's newest validation, 0 to 1. */
interface DivergencePlan extends ConditionPlan {
  readonly kind: "divergence";
  readonly atMost: number;
}

const schema = z
  .strictObject({ at_most: z.number().min(0).max(1).describe("Largest share of rows that may differ, 0 to 1") })
  .describe("What the run's last validation found; only after it");

/** The share of rows that differ, as the run's newest validation found it. */
async function readDivergence(session: Session, runId: string, { atMost }: DivergencePlan): Promise<ConditionResult> {
  const threshold = `at most ${percent(atMost)}`;
  const about = { name: "divergence", threshold };
  const validation = await newestValidation(session, runId);
  if (!validation) {
    return { ...about, value: "no validation", status: "wait", reason: "this run has no validation result yet" };
  }
  const { rows, mismatches } = validation;
  const share = rows === 0 ? 0 : mismatches / rows;
  const value = percent(share);
  if (share <= atMost) return { ...about, value, status: "pass", reason: "" };
  const differing = `${String(mismatches)} of ${String(rows)} rows`;
  return { ...about, value, status: "wait", reason: `${differing} differ (${value}), must be ${threshold}` };
}

/** A share of 0 to 1 as `0 %`, `0.05 %`. */
function percent(share: number): string {
  return `${String(Number((share * 100).toPrecision(3)))} %`;
}

/** The first gate that comes after a validation of this run. */
const FIRST_AFTER_VALIDATION: GateName = "before_cutover";

/** What a validation found is known once there was one; before, the gate would wait until it fails. */
const gateDivergence: ConditionCheck<DivergencePlan> = {
  name: "gate-divergence",
  refusesOrWarns: "Refuses the divergence as a condition before there was a validation.",
  check({ gates }, { ok, refuse }) {
    const found = gates
      .filter(({ conditions }) => conditions.length > 0)
      .map(({ name }) => {
        const object = gateObject(name);
        if (GATES.indexOf(name) >= GATES.indexOf(FIRST_AFTER_VALIDATION)) {
          return ok(object, "asks for the divergence after the validation has found it");
        }
        return refuse({
          object,
          message: "asks for the divergence, which is known after the validation only: it could not pass",
          remedy: `Move the condition to gates.${FIRST_AFTER_VALIDATION} or later`,
        });
      });
    return found.length > 0 ? found : [ok("gates", "do not ask for the divergence")];
  },
};

export const divergence = defineCondition({
  key: "divergence",
  kind: "divergence",
  schema,
  plan: (declared): readonly DivergencePlan[] => (declared ? [{ kind: "divergence", atMost: declared.at_most }] : []),
  planText: ({ atMost }, format) => ["divergence", `${format.percent(atMost)} of rows at most`],
  read: ({ ports, runId }, planned) =>
    Promise.all(planned.map((condition) => readDivergence(ports.database, runId, condition))),
  checks: [gateDivergence],
});
