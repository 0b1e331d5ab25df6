import { ServiceRefused } from "../errors.ts";
import { GATES, type Migration } from "../migration/schema.ts";
import { planGate } from "../gates/plan-gate.ts";
import type { MetricCondition } from "../plan/plan.ts";
import type { Clock, Metrics } from "../ports.ts";
import type { MetricOutcome, MetricProbe } from "./check.ts";
import { problemOf, reading } from "./reading.ts";

interface ProbePorts {
  readonly metrics: Metrics;
  readonly clock: Pick<Clock, "now">;
}

/** Asks for every metric of every gate, just as the gate will. */
export async function probeMetrics(ports: ProbePorts, migration: Migration): Promise<readonly MetricProbe[]> {
  const asked = GATES.flatMap((gate) =>
    planGate(migration, gate).metrics.map(async (condition) => ({
      gate,
      condition,
      outcome: await reading(() => ask(ports, condition)),
    })),
  );
  return Promise.all(asked);
}

async function ask({ metrics, clock }: ProbePorts, condition: MetricCondition): Promise<MetricOutcome> {
  try {
    return { kind: "values", values: await metrics.values(condition, clock.now()) };
  } catch (error) {
    if (!(error instanceof ServiceRefused)) throw error;
    return { kind: "refused", problem: problemOf(error) };
  }
}
