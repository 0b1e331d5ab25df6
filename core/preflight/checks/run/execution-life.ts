import { GATES } from "../../../gates/gate-names.ts";
import type { Migration } from "../../../migration/schema.ts";
import { questionOf } from "../../../gates/conditions/kinds.ts";
import { planGate } from "../../../gates/gate-plan.ts";
import { seconds } from "../../../plan/seconds.ts";
import { durationText } from "../../../amounts.ts";
import { runCheck } from "../../define-check.ts";
import { ok, refuse } from "../../finding.ts";

/** A Standard execution ends after a year (https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html). */
const YEAR_SECONDS = 365 * 86_400;

/** An execution that times out after a year rolls nothing back: all that a run may wait for has to fit that year. */
export const executionLife = runCheck({
  name: "execution-life",
  refusesOrWarns: "Refuses waits that together exceed the year after which Step Functions ends an execution.",
  check({ migration }) {
    const object = `migration "${migration.migration}"`;
    const waits = longestWaits(migration);
    const total = waits.reduce((sum, { seconds: wait }) => sum + wait, 0);
    if (total < YEAR_SECONDS)
      return ok(object, `waits for ${durationText(total)} at most, all its gates and soaks together`);
    const [longest] = waits.toSorted((a, b) => b.seconds - a.seconds);
    return refuse({
      object,
      message: `may wait for ${durationText(total)}, and its execution ends after 365 days without a rollback; the longest wait is ${longest?.what ?? ""}`,
      remedy: "Shorten approval.within, stable_for, the timeouts or contract.cooling",
    });
  },
});

interface Wait {
  readonly what: string;
  readonly seconds: number;
}

function longestWaits(migration: Migration): readonly Wait[] {
  const { cutover, soak, contract } = migration;
  const widenings = cutover.steps.length;
  const gates = GATES.flatMap((gate): readonly Wait[] => {
    const plan = planGate(migration, gate);
    const { stableForSeconds, timeoutSeconds } = plan;
    const times = gate === "between_steps" ? widenings - 1 : 1;
    return [
      { what: `gates.${gate}.approval.within`, seconds: times * (questionOf(plan)?.withinSeconds ?? 0) },
      { what: `gates.${gate}.stable_for`, seconds: times * stableForSeconds },
      { what: `the timeout of gates.${gate}`, seconds: times * timeoutSeconds },
    ];
  });
  return [
    ...gates,
    ...cutover.steps.map((step, index) => ({
      what: `the soak of cutover.steps[${String(index)}]`,
      seconds: seconds(step.soak),
    })),
    { what: "soak", seconds: seconds(soak) },
    { what: "contract.cooling", seconds: seconds(contract.cooling) },
  ];
}
