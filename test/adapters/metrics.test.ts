import {
  CloudWatchClient,
  type GetMetricDataCommandInput,
  type GetMetricDataCommandOutput,
  PutMetricDataCommand,
} from "@aws-sdk/client-cloudwatch";
import { beforeEach, describe, expect, it } from "vitest";
import { CloudWatchMetrics } from "../../adapters/cloudwatch/metrics.ts";
import { ServiceRefused, ServiceUnavailable } from "../../core/errors.ts";
import type { MetricPlan } from "../../core/gates/conditions/metrics.ts";
import { clientConfig, useEmulator } from "../support/emulator.ts";
import { FakeMetrics } from "../support/fakes.ts";
import { metricsContract } from "./metrics.conformance.ts";

const { client } = useEmulator();

metricsContract("CloudWatch", () => {
  const cloudwatch = new CloudWatchClient(client());
  return Promise.resolve({
    metrics: new CloudWatchMetrics({ client: cloudwatch }),
    put: async ({ namespace, metric, dimensions }, value, at) => {
      const Dimensions = Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value }));
      const MetricData = [{ MetricName: metric, Dimensions, Value: value, Timestamp: at }];
      await cloudwatch.send(new PutMetricDataCommand({ Namespace: namespace, MetricData }));
    },
  });
});
metricsContract("in memory", () => {
  const metrics = new FakeMetrics();
  return Promise.resolve({
    metrics,
    put: (series, value, at) => {
      metrics.put(series, value, at);
      return Promise.resolve();
    },
  });
});

describe("metrics on CloudWatch", () => {
  const ERRORS: MetricPlan = {
    id: "errors",
    namespace: "CRM",
    metric: "Errors",
    dimensions: { Service: "crm" },
    statistic: "Sum",
  };
  const REQUESTS: MetricPlan = { ...ERRORS, id: "requests", metric: "Requests" };
  const QUERY = { metrics: [ERRORS, REQUESTS], expression: "100 * errors / requests", periodSeconds: 300 };
  const UNTIL = new Date("2026-01-05T09:07:12.345Z");
  const METADATA = { $metadata: {} };

  let asked: GetMetricDataCommandInput[];
  beforeEach(() => {
    asked = [];
  });

  /** The adapter over the real SDK, whose calls are answered here, a page each, before they are sent. */
  function answering(...pages: Omit<GetMetricDataCommandOutput, "$metadata">[]): CloudWatchMetrics {
    const cloudwatch = new CloudWatchClient(clientConfig("http://127.0.0.1:1"));
    cloudwatch.middlewareStack.add(
      () =>
        ({ input }) => {
          asked.push(input as GetMetricDataCommandInput);
          const output = { ...METADATA, ...pages[asked.length - 1] };
          return Promise.resolve({ output, response: undefined });
        },
      { step: "initialize", priority: "low" },
    );
    return new CloudWatchMetrics({ client: cloudwatch });
  }
  const complete = (Values: number[], Id = "result"): GetMetricDataCommandOutput["MetricDataResults"] => [
    { Id, Values, StatusCode: "Complete" },
  ];

  it("asks for metric math alone, over metrics that are not returned, in whole periods", async () => {
    const metrics = answering({ MetricDataResults: complete([1.5, 2]) });
    expect(await metrics.values({ ...QUERY, overSeconds: 600 }, UNTIL)).toEqual([1.5, 2]);
    const stat = (MetricName: string): unknown => ({
      Metric: { Namespace: "CRM", MetricName, Dimensions: [{ Name: "Service", Value: "crm" }] },
      Period: 300,
      Stat: "Sum",
    });
    expect(asked).toEqual([
      {
        MetricDataQueries: [
          { Id: "errors", MetricStat: stat("Errors"), ReturnData: false },
          { Id: "requests", MetricStat: stat("Requests"), ReturnData: false },
          { Id: "result", Expression: "100 * errors / requests", ReturnData: true },
        ],
        StartTime: new Date("2026-01-05T08:55:00Z"),
        EndTime: new Date("2026-01-05T09:05:00Z"),
        NextToken: undefined,
      },
    ]);
  });

  it("asks for one metric without an expression", async () => {
    const metrics = answering({ MetricDataResults: complete([3], "errors") });
    expect(await metrics.values({ ...QUERY, expression: "errors", overSeconds: 1 }, UNTIL)).toEqual([3]);
    expect(asked[0]?.MetricDataQueries?.map(({ Id, Expression, ReturnData }) => [Id, Expression, ReturnData])).toEqual([
      ["errors", undefined, true],
    ]);
    expect(asked[0]?.StartTime).toEqual(new Date("2026-01-05T09:00:00Z"));
  });

  it("gives its expression an id that no metric has", async () => {
    const metrics = answering({ MetricDataResults: complete([1], "result_") });
    const named = [{ ...ERRORS, id: "result" }, REQUESTS];
    const query = { ...QUERY, metrics: named, expression: "result / requests", overSeconds: 300 };
    expect(await metrics.values(query, UNTIL)).toEqual([1]);
  });

  it("reads every page, and every series that an expression gives", async () => {
    const page = { Id: "result", StatusCode: "PartialData" } as const;
    const metrics = answering(
      { MetricDataResults: [{ ...page, Values: [1] }], NextToken: "more" },
      { MetricDataResults: [...(complete([2]) ?? []), ...(complete([3]) ?? []), { Id: "other", Values: [9] }] },
    );
    expect(await metrics.values({ ...QUERY, overSeconds: 300 }, UNTIL)).toEqual([1, 2, 3]);
    expect(asked.map(({ NextToken }) => NextToken)).toEqual([undefined, "more"]);
  });

  it.each([
    ["InternalError", ServiceUnavailable],
    ["PartialData", ServiceUnavailable],
    [undefined, ServiceUnavailable],
    ["Forbidden", ServiceRefused],
  ] as const)("never passes values of status %s as the answer", async (StatusCode, error) => {
    const Messages = [{ Code: "Why", Value: "because" }];
    const metrics = answering({
      MetricDataResults: [{ Id: "result", Values: [1], ...(StatusCode && { StatusCode }), Messages }],
    });
    const answer = metrics.values({ ...QUERY, overSeconds: 300 }, UNTIL);
    await expect(answer).rejects.toThrow(error);
    await expect(answer).rejects.toThrow(/"100 \* errors \/ requests".*Why: because/);
  });

  it("does not go on with what CloudWatch says is only a part", async () => {
    const Messages = [{ Code: "MaxMetricsExceeded", Value: "Maximum number of allowed metrics exceeded" }];
    const metrics = answering({ MetricDataResults: complete([1]), Messages });
    await expect(metrics.values({ ...QUERY, overSeconds: 300 }, UNTIL)).rejects.toThrow(ServiceRefused);
  });

  it("never takes silence for no data", async () => {
    const nobody = new CloudWatchClient(clientConfig("http://127.0.0.1:1"));
    const metrics = new CloudWatchMetrics({ client: nobody });
    await expect(metrics.values({ ...QUERY, overSeconds: 300 }, UNTIL)).rejects.toThrow(ServiceUnavailable);
  });
});
