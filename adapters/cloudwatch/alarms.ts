import {
  type CloudWatchClient,
  type CompositeAlarm,
  DescribeAlarmsCommand,
  type DescribeAlarmsCommandOutput,
  type MetricAlarm,
} from "@aws-sdk/client-cloudwatch";
import type { AlarmReading, Alarms } from "../../core/ports.ts";
import { translated } from "../translate-error.ts";

/** DescribeAlarms takes 100 names, and returns 50 alarms unless asked for more. */
const PAGE = 100;

const MISSING: AlarmReading = { state: "missing" };

export interface CloudWatchAlarmsProps {
  readonly client: CloudWatchClient;
}

/** The present state of CloudWatch alarms. */
export class CloudWatchAlarms implements Alarms {
  readonly #client: CloudWatchClient;

  constructor(props: CloudWatchAlarmsProps) {
    this.#client = props.client;
  }

  async states(names: readonly string[]): Promise<ReadonlyMap<string, AlarmReading>> {
    const unique = [...new Set(names)];
    const states = new Map<string, AlarmReading>(unique.map((name) => [name, MISSING]));
    for (let start = 0; start < unique.length; start += PAGE) {
      const found = await this.#describe(unique.slice(start, start + PAGE));
      for (const [name, reading] of found) if (states.has(name)) states.set(name, reading);
    }
    return states;
  }

  /** Without AlarmTypes, composite alarms are left out of the answer. */
  async #describe(names: readonly string[]): Promise<ReadonlyMap<string, AlarmReading>> {
    const states = new Map<string, AlarmReading>();
    let token: string | undefined;
    do {
      const command = new DescribeAlarmsCommand({
        AlarmNames: [...names],
        AlarmTypes: ["MetricAlarm", "CompositeAlarm"],
        MaxRecords: PAGE,
        NextToken: token,
      });
      const object = `alarms ${names.map((name) => `"${name}"`).join(", ")}`;
      const page: DescribeAlarmsCommandOutput = await translated({ service: "CloudWatch", object }, () =>
        this.#client.send(command),
      );
      for (const alarm of [...(page.MetricAlarms ?? []), ...(page.CompositeAlarms ?? [])]) {
        if (alarm.AlarmName !== undefined) states.set(alarm.AlarmName, readingOf(alarm));
      }
      token = page.NextToken;
    } while (token !== undefined);
    return states;
  }
}

/**
 * `StateTransitionedTimestamp` is when the state last became another one. An alarm that has not changed since CloudWatch
 * began to keep it has none; then `StateUpdatedTimestamp` stands in, which moves with the state's evaluation as well: it
 * is never earlier, so that an alarm can only seem to have been OK for less long than it was.
 * Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricAlarm.html
 */
function readingOf(alarm: MetricAlarm | CompositeAlarm): AlarmReading {
  const since = alarm.StateTransitionedTimestamp ?? alarm.StateUpdatedTimestamp;
  // A state that this version does not know is not a healthy one.
  return { state: alarm.StateValue ?? "INSUFFICIENT_DATA", ...(since && { since }) };
}
