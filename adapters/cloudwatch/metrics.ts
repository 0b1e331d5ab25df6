import {
  type CloudWatchClient,
  GetMetricDataCommand,
  type GetMetricDataCommandOutput,
  type MetricDataQuery,
  type MetricDataResult,
} from "@aws-sdk/client-cloudwatch";
import { ServiceRefused, ServiceUnavailable } from "../../core/errors.ts";
import type { MetricPlan } from "../../core/gates/conditions/metrics.ts";
import type { Metrics } from "../../core/ports.ts";
import { translated } from "../translate-error.ts";

type MetricQuery = Parameters<Metrics["values"]>[0];

export interface CloudWatchMetricsProps {
  readonly client: CloudWatchClient;
}

/**
 * Metrics and metric math of CloudWatch, by GetMetricData.
 * Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
 */
export class CloudWatchMetrics implements Metrics {
  readonly #client: CloudWatchClient;

  constructor(props: CloudWatchMetricsProps) {
    this.#client = props.client;
  }

  async values(query: MetricQuery, until: Date): Promise<readonly number[]> {
    const { queries, resultId } = queriesOf(query);
    const window = windowOf(query, until);
    const object = `metric query "${query.expression}"`;
    const parts: MetricDataResult[] = [];
    let token: string | undefined;
    do {
      const command = new GetMetricDataCommand({ MetricDataQueries: queries, ...window, NextToken: token });
      const page: GetMetricDataCommandOutput = await translated({ service: "CloudWatch", object }, () =>
        this.#client.send(command),
      );
      const [message] = page.Messages ?? [];
      if (message) throw refused(object, `${message.Code ?? "message"}: ${message.Value ?? ""}`);
      token = page.NextToken;
      for (const part of page.MetricDataResults ?? []) {
        if (part.Id !== resultId) continue;
        requireReadable(object, part, token !== undefined);
        parts.push(part);
      }
    } while (token !== undefined);
    return parts.flatMap(({ Values = [] }) => Values);
  }
}

/** One metric is asked for as it is; an expression is asked for alone, over metrics that are not returned. */
function queriesOf({ metrics, expression, periodSeconds }: MetricQuery): {
  readonly queries: MetricDataQuery[];
  readonly resultId: string;
} {
  const only = metrics.find(({ id }) => id === expression);
  if (only) return { queries: [statistic(only, periodSeconds, true)], resultId: only.id };
  let resultId = "result";
  while (metrics.some(({ id }) => id === resultId)) resultId += "_";
  return {
    queries: [
      ...metrics.map((metric) => statistic(metric, periodSeconds, false)),
      { Id: resultId, Expression: expression, ReturnData: true },
    ],
    resultId,
  };
}

function statistic(plan: MetricPlan, periodSeconds: number, returned: boolean): MetricDataQuery {
  return {
    Id: plan.id,
    MetricStat: {
      Metric: {
        Namespace: plan.namespace,
        MetricName: plan.metric,
        Dimensions: Object.entries(plan.dimensions).map(([Name, Value]) => ({ Name, Value })),
      },
      Period: periodSeconds,
      Stat: plan.statistic,
    },
    ReturnData: returned,
  };
}

/**
 * Whole periods: CloudWatch answers those faster, and a period that is not over would count too little, which for a
 * sum held to `at least` is a false alarm. At least one period.
 */
function windowOf({ periodSeconds, overSeconds }: MetricQuery, until: Date): { StartTime: Date; EndTime: Date } {
  const period = periodSeconds * 1_000;
  const end = Math.floor(until.getTime() / period) * period;
  const periods = Math.max(1, Math.ceil(overSeconds / periodSeconds));
  return { StartTime: new Date(end - periods * period), EndTime: new Date(end) };
}

/** A part of the points is no answer: the worst one may be among the others. */
function requireReadable(object: string, part: MetricDataResult, morePages: boolean): void {
  const status = part.StatusCode ?? "no status";
  if (status === "Complete" || (status === "PartialData" && morePages)) return;
  const said = (part.Messages ?? []).map(({ Code, Value }) => `${Code ?? ""}: ${Value ?? ""}`);
  const problem = [status, ...said].join(", ");
  if (status === "Forbidden") throw refused(object, problem);
  throw new ServiceUnavailable({ object, problem: `CloudWatch did not answer in full (${problem})`, remedy: "Retry" });
}

function refused(object: string, said: string): ServiceRefused {
  return new ServiceRefused({
    object,
    problem: `CloudWatch cannot evaluate it (${said})`,
    remedy: "Correct the metrics, the expression, or the role's permissions",
  });
}
