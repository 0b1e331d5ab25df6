import { ServiceUnavailable } from "../../../core/errors.ts";
import type { MetricPlan } from "../../../core/gates/conditions/metrics.ts";
import type { Metrics } from "../../../core/ports.ts";

type Query = Parameters<Metrics["values"]>[0];
type Series = Pick<MetricPlan, "namespace" | "metric" | "dimensions">;

interface Sample {
  readonly at: number;
  readonly value: number;
}

/** Statistics of the samples that were put. It knows no metric math: `answer` says what an expression gives. */
export class FakeMetrics implements Metrics {
  readonly #samples = new Map<string, Sample[]>();
  readonly #answers = new Map<string, readonly number[] | Error>();
  /** Every query so far. */
  readonly asked: Query[] = [];

  put(series: Series, value: number, at: Date): void {
    const key = keyOf(series);
    this.#samples.set(key, [...(this.#samples.get(key) ?? []), { at: at.getTime(), value }]);
  }

  /** What an expression, or a metric by its id, gives from now on: values, or an error that is thrown. */
  answer(expression: string, values: readonly number[] | Error): void {
    this.#answers.set(expression, values);
  }

  values(query: Query, until: Date): Promise<readonly number[]> {
    this.asked.push(query);
    const answer = this.#answers.get(query.expression);
    if (answer instanceof Error) return Promise.reject(answer);
    if (answer) return Promise.resolve(answer);
    const metric = query.metrics.find(({ id }) => id === query.expression);
    if (metric) return Promise.resolve(this.#statistics(metric, query, until));
    const object = `metric query "${query.expression}"`;
    return Promise.reject(new ServiceUnavailable({ object, problem: "has no answer here", remedy: "Give it one" }));
  }

  #statistics(metric: MetricPlan, { periodSeconds, overSeconds }: Query, until: Date): readonly number[] {
    const period = periodSeconds * 1_000;
    const end = Math.floor(until.getTime() / period) * period;
    const periods = Math.max(1, Math.ceil(overSeconds / periodSeconds));
    const samples = this.#samples.get(keyOf(metric)) ?? [];
    return Array.from({ length: periods }, (_, back) => end - (back + 1) * period)
      .map((from) => samples.filter(({ at }) => at >= from && at < from + period).map(({ value }) => value))
      .filter((values) => values.length > 0)
      .map((values) => statistic(metric.statistic, values));
  }
}

function keyOf({ namespace, metric, dimensions }: Series): string {
  return JSON.stringify([namespace, metric, Object.entries(dimensions).sort()]);
}

function statistic(name: string, values: readonly number[]): number {
  const sum = values.reduce((total, value) => total + value, 0);
  switch (name) {
    case "Sum":
      return sum;
    case "SampleCount":
      return values.length;
    case "Minimum":
      return Math.min(...values);
    case "Maximum":
      return Math.max(...values);
    case "Average":
      return sum / values.length;
    default:
      return percentile(Number(name.slice(1)) / 100, values);
  }
}

/** By linear interpolation between the two nearest ranks. */
function percentile(share: number, values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const rank = share * (sorted.length - 1);
  const low = sorted[Math.floor(rank)] ?? 0;
  const high = sorted[Math.ceil(rank)] ?? low;
  return low + (rank - Math.floor(rank)) * (high - low);
}
