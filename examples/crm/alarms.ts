import {
  PutMetricAlarmCommand,
  type CloudWatchClient,
  type PutMetricAlarmCommandInput,
} from "@aws-sdk/client-cloudwatch";

export const METRIC_NAMESPACE = "CRM";
export const LATENCY_METRIC = "Latency";
export const ERRORS_METRIC = "Errors";

/** High-resolution alarms look at 10 s at a time; metrics every 2 s give each of them five chances to see one. */
const PERIOD_SECONDS = 10;
/** An application that stopped reporting is not a healthy one. */
const MISSING = "breaching";

const ALARMS: readonly PutMetricAlarmCommandInput[] = [
  {
    AlarmName: "crm-errors",
    AlarmDescription: "A request of the CRM failed",
    Namespace: METRIC_NAMESPACE,
    MetricName: ERRORS_METRIC,
    Statistic: "Sum",
    Period: PERIOD_SECONDS,
    EvaluationPeriods: 1,
    Threshold: 0,
    ComparisonOperator: "GreaterThanThreshold",
    TreatMissingData: MISSING,
  },
  {
    AlarmName: "crm-latency-p99",
    AlarmDescription: "One in a hundred requests of the CRM takes a second or more",
    Namespace: METRIC_NAMESPACE,
    MetricName: LATENCY_METRIC,
    ExtendedStatistic: "p99",
    Period: PERIOD_SECONDS,
    EvaluationPeriods: 3,
    Threshold: 1_000,
    ComparisonOperator: "GreaterThanOrEqualToThreshold",
    TreatMissingData: MISSING,
  },
];

export const ALARM_NAMES: readonly string[] = ALARMS.flatMap(({ AlarmName }) => AlarmName ?? []);

/** Creates the alarms that the migration's gates name, as the CRM's own team would have. */
export async function createAlarms(cloudWatch: CloudWatchClient): Promise<void> {
  for (const alarm of ALARMS) await cloudWatch.send(new PutMetricAlarmCommand(alarm));
}
