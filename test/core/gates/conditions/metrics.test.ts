import { describe, expect, it } from "vitest";
import { ServiceRefused, ServiceUnavailable } from "../../../../core/errors.ts";
import type { ConditionReading } from "../../../../core/gates/evaluation.ts";
import type { MetricCondition } from "../../../../core/gates/conditions/metrics.ts";
import { readContext } from "./read-context.ts";
import { readConditions } from "../../../../core/gates/read-conditions.ts";
import { FakeMetrics } from "../../../support/fakes.ts";

const NOW = new Date("2026-01-05T09:07:12Z");

const condition = (changes: Partial<MetricCondition> = {}): MetricCondition => ({
  kind: "metric",
  name: "p99 of reads",
  metrics: [{ id: "latency", namespace: "CRM", metric: "Latency", dimensions: {}, statistic: "p99" }],
  expression: "latency",
  periodSeconds: 60,
  overSeconds: 300,
  bound: "at most",
  threshold: 250,
  ...changes,
});

async function read(
  answer: readonly number[] | Error,
  changes: Partial<MetricCondition> = {},
): Promise<ConditionReading | undefined> {
  const metrics = new FakeMetrics();
  metrics.answer("latency", answer);
  return (await readConditions(readContext({ metrics, now: NOW }), [condition(changes)]))[0];
}

describe("a metric that a gate asks for", () => {
  it("passes while its worst point is within the threshold, which itself is within", async () => {
    const reading = { kind: "metric", name: "p99 of reads", status: "pass", reason: "" } as const;
    expect(await read([100, 250, 3])).toEqual({ ...reading, value: "250", threshold: "at most 250" });
    expect(await read([300, 250.5], { bound: "at least" })).toEqual({
      ...reading,
      value: "250.5",
      threshold: "at least 250",
    });
  });

  it("waits for one point that is not", async () => {
    expect(await read([1, 250.1, 2])).toMatchObject({
      value: "250.1",
      status: "wait",
      reason: 'metric "p99 of reads" is 250.1, must be at most 250',
    });
    expect(await read([999, 249, 999], { bound: "at least" })).toMatchObject({
      status: "wait",
      reason: 'metric "p99 of reads" is 249, must be at least 250',
    });
  });

  it("waits where there is no point: nothing that measures is no health", async () => {
    expect(await read([])).toMatchObject({
      value: "no data",
      status: "wait",
      reason: 'metric "p99 of reads" has no data in the last 300 s',
    });
  });

  it.each(["at most", "at least"] as const)("waits for what is no number, held to %s", async (bound) => {
    expect(await read([1, Number.NaN], { bound })).toMatchObject({ status: "wait" });
  });

  it.each([
    new ServiceUnavailable({ object: "o", problem: "CloudWatch did not answer in full (InternalError)", remedy: "r" }),
    new ServiceRefused({ object: "o", problem: "CloudWatch cannot evaluate it", remedy: "r" }),
  ])("waits where it cannot be read, and says so: $name", async (error) => {
    expect(await read(error)).toMatchObject({
      value: "unreadable",
      status: "wait",
      reason: `metric "p99 of reads" cannot be read: ${error.details.problem}`,
    });
  });

  it("does not take a fault of ours for a reading", async () => {
    await expect(read(new RangeError("oops"))).rejects.toThrow(RangeError);
  });

  it("is read for itself: one that cannot be is none of the others'", async () => {
    const metrics = new FakeMetrics();
    metrics.answer("a", [1]);
    const readings = await readConditions(readContext({ metrics, now: NOW }), [
      condition({ name: "a", expression: "a" }),
      condition({ name: "b", expression: "1 / 0" }),
    ]);
    expect(readings.map(({ name, status }) => [name, status])).toEqual([
      ["a", "pass"],
      ["b", "wait"],
    ]);
  });
});
