import {
  type CloudWatchClient,
  DescribeAlarmsCommand,
  PutMetricAlarmCommand,
  PutMetricDataCommand,
} from "@aws-sdk/client-cloudwatch";

const NAMESPACE = "CRM";
const THRESHOLD_MS = 250;
const HEALTHY_MS = 20;
const SLOW_MS = 2_000;

/**
 * An application's alarm on the p99 of its requests' latency. It fires, and is OK again, by what is published: nobody
 * sets its state. Each has a metric of its own.
 */
export class LatencyAlarm {
  /** So that the requests published last outweigh what was published before, within the alarm's ten seconds. */
  #requests = 1_000;

  private constructor(
    private readonly cloudWatch: CloudWatchClient,
    readonly name: string,
  ) {}

  static async create(cloudWatch: CloudWatchClient, name: string): Promise<LatencyAlarm> {
    await cloudWatch.send(
      new PutMetricAlarmCommand({
        AlarmName: name,
        Namespace: NAMESPACE,
        MetricName: name,
        ExtendedStatistic: "p99",
        Period: 10,
        EvaluationPeriods: 1,
        Threshold: THRESHOLD_MS,
        ComparisonOperator: "GreaterThanThreshold",
      }),
    );
    const alarm = new LatencyAlarm(cloudWatch, name);
    await alarm.healthy();
    return alarm;
  }

  /** Many fast requests: the alarm is OK. */
  healthy(): Promise<void> {
    return this.#publish(HEALTHY_MS);
  }

  /** Many slow ones: it fires. */
  slow(): Promise<void> {
    return this.#publish(SLOW_MS);
  }

  async state(): Promise<string | undefined> {
    const { MetricAlarms = [] } = await this.cloudWatch.send(new DescribeAlarmsCommand({ AlarmNames: [this.name] }));
    return MetricAlarms[0]?.StateValue;
  }

  async #publish(milliseconds: number): Promise<void> {
    this.#requests *= 1_000;
    const MetricData = [
      {
        MetricName: this.name,
        Unit: "Milliseconds" as const,
        StorageResolution: 1,
        Timestamp: new Date(),
        Values: [milliseconds],
        Counts: [this.#requests],
      },
    ];
    await this.cloudWatch.send(new PutMetricDataCommand({ Namespace: NAMESPACE, MetricData }));
  }
}
