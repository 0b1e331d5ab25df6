import type { GateName, Migration } from "../migration/schema.ts";
import type { GatePlan, MetricCondition } from "../plan/plan.ts";
import { seconds } from "../plan/seconds.ts";

/** One gate of the plan. The alarms of `gates.alarms` are asked at every gate, whether the migration declares it or not. */
export function planGate({ gates }: Pick<Migration, "gates">, name: GateName): GatePlan {
  const declared = gates[name];
  const { alarms, metrics = [], sql = [], divergence, approval } = declared ?? {};
  const own = (alarms?.names ?? []).map((alarm) => [alarm, seconds(alarms?.ok_for ?? 0)] as const);
  const all = new Map([...gates.alarms.map((alarm) => [alarm, 0] as const), ...own]);
  return {
    name,
    alarms: [...all].map(([alarm, okForSeconds]) => ({ name: alarm, okForSeconds })),
    metrics: metrics.map(metricCondition),
    sql,
    ...(divergence && { divergence: { atMost: divergence.at_most } }),
    ...(approval && {
      approval: { withinSeconds: seconds(approval.within), selfApproval: approval.self_approval },
    }),
    stableForSeconds: seconds(declared?.stable_for ?? 0),
    timeoutSeconds: seconds(declared?.timeout ?? gates.timeout),
    pollSeconds: seconds(gates.poll),
    onFail: declared?.on_fail ?? "rollback",
  };
}

type Threshold = NonNullable<NonNullable<Migration["gates"][GateName]>["metrics"]>[number];

function metricCondition({ name, metrics, expression, period, over, at_most, at_least }: Threshold): MetricCondition {
  const ids = Object.keys(metrics);
  return {
    name,
    metrics: Object.entries(metrics).map(([id, metric]) => ({ id, ...metric })),
    expression: expression ?? ids.join(),
    periodSeconds: seconds(period),
    overSeconds: seconds(over),
    bound: at_most === undefined ? "at least" : "at most",
    threshold: at_most ?? at_least ?? 0,
  };
}
