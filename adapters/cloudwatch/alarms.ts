import {
  type CloudWatchClient,
  DescribeAlarmsCommand,
  type DescribeAlarmsCommandOutput,
} from "@aws-sdk/client-cloudwatch";
import type { Alarms, AlarmState } from "../../core/ports.ts";
import { translated } from "../translate-error.ts";

/** DescribeAlarms takes 100 names, and returns 50 alarms unless asked for more. */
const PAGE = 100;

export interface CloudWatchAlarmsProps {
  readonly client: CloudWatchClient;
}

/** The present state of CloudWatch alarms. */
export class CloudWatchAlarms implements Alarms {
  readonly #client: CloudWatchClient;

  constructor(props: CloudWatchAlarmsProps) {
    this.#client = props.client;
  }

  async states(names: readonly string[]): Promise<ReadonlyMap<string, AlarmState>> {
    const unique = [...new Set(names)];
    const states = new Map<string, AlarmState>(unique.map((name) => [name, "missing"]));
    for (let start = 0; start < unique.length; start += PAGE) {
      const found = await this.#describe(unique.slice(start, start + PAGE));
      for (const [name, state] of found) if (states.has(name)) states.set(name, state);
    }
    return states;
  }

  /** Without AlarmTypes, composite alarms are left out of the answer. */
  async #describe(names: readonly string[]): Promise<ReadonlyMap<string, AlarmState>> {
    const states = new Map<string, AlarmState>();
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
        // A state that this version does not know is not a healthy one.
        if (alarm.AlarmName !== undefined) states.set(alarm.AlarmName, alarm.StateValue ?? "INSUFFICIENT_DATA");
      }
      token = page.NextToken;
    } while (token !== undefined);
    return states;
  }
}
