import { describe, expect, it } from "vitest";
import type { MetricPlan } from "../../core/gates/conditions/metrics.ts";
import type { Metrics } from "../../core/ports.ts";

type Series = Pick<MetricPlan, "namespace" | "metric" | "dimensions">;

export interface MetricsHarness {
  readonly metrics: Metrics;
  /** Publishes one sample. */
  put(series: Series, value: number, at: Date): Promise<void>;
}

const LATENCY: Series = { namespace: "CRM", metric: "Latency", dimensions: { Endpoint: "read", Service: "crm" } };
const MINUTE = 60_000;

/** What every adapter of {@link Metrics} does. */
export function metricsContract(name: string, harness: () => Promise<MetricsHarness>): void {
  describe(`metrics: ${name}`, () => {
    /** The last whole minute is over at this moment: samples of the future are not asked for. */
    const now = new Date(Math.floor(Date.now() / MINUTE) * MINUTE + 15_000);
    const ago = (minutes: number): Date => new Date(now.getTime() - minutes * MINUTE);
    const ask = (metrics: Metrics, statistic: string, series = LATENCY): Promise<readonly number[]> =>
      metrics.values(
        { metrics: [{ id: "m", ...series, statistic }], expression: "m", periodSeconds: 60, overSeconds: 300 },
        now,
      );

    it("gives one value a period, of the time that was asked for alone", async () => {
      const { metrics, put } = await harness();
      await put(LATENCY, 10, ago(3));
      await put(LATENCY, 30, ago(3));
      await put(LATENCY, 50, ago(1));
      await put(LATENCY, 999, ago(7));
      expect([...(await ask(metrics, "Average"))].sort()).toEqual([20, 50]);
      expect([...(await ask(metrics, "Sum"))].sort()).toEqual([40, 50]);
      expect([...(await ask(metrics, "Maximum"))].sort()).toEqual([30, 50]);
      expect([...(await ask(metrics, "Minimum"))].sort()).toEqual([10, 50]);
      expect([...(await ask(metrics, "SampleCount"))].sort()).toEqual([1, 2]);
    });

    it("leaves out the period that is not over yet: it would count too little", async () => {
      const { metrics, put } = await harness();
      const series = { ...LATENCY, metric: "Unfinished" };
      await put(series, 1, ago(0));
      expect(await ask(metrics, "Sum", series)).toEqual([]);
    });

    it("knows percentiles", async () => {
      const { metrics, put } = await harness();
      const series = { ...LATENCY, metric: "Percentile" };
      for (let value = 1; value <= 101; value += 1) await put(series, value, ago(2));
      const [p99 = 0, ...none] = await ask(metrics, "p99", series);
      expect(none).toEqual([]);
      expect(p99).toBeCloseTo(100, 5);
      expect((await ask(metrics, "p50", series))[0]).toBeCloseTo(51, 5);
    });

    it("tells metrics apart by all of their dimensions", async () => {
      const { metrics, put } = await harness();
      const read = { ...LATENCY, metric: "Dimensions" };
      const write = { ...read, dimensions: { ...read.dimensions, Endpoint: "write" } };
      await put(write, 5, ago(2));
      expect(await ask(metrics, "Sum", read)).toEqual([]);
      expect(await ask(metrics, "Sum", write)).toEqual([5]);
    });

    it("gives nothing where there is no data", async () => {
      const { metrics } = await harness();
      expect(await ask(metrics, "Sum", { ...LATENCY, metric: "Unheard" })).toEqual([]);
    });

    it("does not take an expression that it cannot evaluate for no data", async () => {
      const { metrics } = await harness();
      const query = { metrics: [{ id: "m", ...LATENCY, statistic: "Sum" }], expression: "m / 0 +", periodSeconds: 60 };
      await expect(metrics.values({ ...query, overSeconds: 300 }, now)).rejects.toMatchObject({
        name: expect.stringMatching(/^Service(Refused|Unavailable)$/) as string,
      });
    });
  });
}
