import { PutMetricDataCommand, type CloudWatchClient } from "@aws-sdk/client-cloudwatch";
import { ERRORS_METRIC, LATENCY_METRIC, METRIC_NAMESPACE } from "./alarms.ts";
import type { LatencyLog, LatencyWindow } from "./latency-log.ts";

const INTERVAL_MS = 2_000;
/** PutMetricData takes at most 150 different values a metric. */
const VALUES_LIMIT = 150;

/**
 * Publishes the application's latency (ms, as a distribution, so that CloudWatch computes true percentiles) and its
 * errors every two seconds. A failed publication is dropped: the alarms treat what is missing as breaching.
 */
export class MetricsPublisher {
  #timer: NodeJS.Timeout | undefined;
  #sending: Promise<void> = Promise.resolve();

  constructor(
    private readonly cloudWatch: CloudWatchClient,
    private readonly latency: LatencyLog,
  ) {}

  start(): void {
    this.#timer = setInterval(() => {
      this.#sending = this.publish().catch(() => undefined);
    }, INTERVAL_MS);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#sending;
  }

  /** Publishes what came since the last time. */
  async publish(): Promise<void> {
    const window = this.latency.takeUnpublished();
    const common = { Timestamp: new Date(), StorageResolution: 1 };
    await this.cloudWatch.send(
      new PutMetricDataCommand({
        Namespace: METRIC_NAMESPACE,
        MetricData: [
          { ...common, MetricName: ERRORS_METRIC, Unit: "Count", Value: window.errors },
          ...(window.latency.count === 0
            ? []
            : [{ ...common, MetricName: LATENCY_METRIC, Unit: "Milliseconds" as const, ...distribution(window) }]),
        ],
      }),
    );
  }
}

/** The histogram's buckets; neighbours join, the slower one's value for both, where they are more than may be sent. */
function distribution({ latency }: LatencyWindow): { Values: number[]; Counts: number[] } {
  const buckets = latency.buckets();
  const width = Math.ceil(buckets.length / VALUES_LIMIT);
  const joined = Array.from({ length: Math.ceil(buckets.length / width) }, (_, index) =>
    buckets.slice(index * width, (index + 1) * width),
  );
  return {
    Values: joined.map((group) => (group.at(-1)?.value ?? 0) / 1_000),
    Counts: joined.map((group) => group.reduce((sum, { count }) => sum + count, 0)),
  };
}
