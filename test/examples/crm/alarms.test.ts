import { CloudWatchClient, DescribeAlarmsCommand } from "@aws-sdk/client-cloudwatch";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createAlarms } from "../../../examples/crm/alarms.ts";
import { LatencyLog } from "../../../examples/crm/latency-log.ts";
import { MetricsPublisher } from "../../../examples/crm/metrics-publisher.ts";
import { startEmulator, type Emulator } from "../../../local/emulator.ts";

let emulator: Emulator;
let cloudWatch: CloudWatchClient;

beforeAll(async () => {
  emulator = await startEmulator();
  const credentials = { accessKeyId: "test", secretAccessKey: "test" };
  cloudWatch = new CloudWatchClient({ endpoint: emulator.url, region: "us-east-1", credentials });
});

afterAll(() => emulator.stop());

async function states(): Promise<Record<string, string>> {
  const { MetricAlarms = [] } = await cloudWatch.send(
    new DescribeAlarmsCommand({ AlarmNames: ["crm-errors", "crm-latency-p99"] }),
  );
  return Object.fromEntries(MetricAlarms.map((alarm) => [alarm.AlarmName, alarm.StateValue ?? ""]));
}

/** Two seconds of traffic: as many requests as latencies in milliseconds are given. */
async function publish(latencies: readonly number[], errors = 0): Promise<void> {
  const log = new LatencyLog("before");
  latencies.forEach((milliseconds, index) => log.record(milliseconds * 1_000, index >= errors));
  await new MetricsPublisher(cloudWatch, log).publish();
}

const healthy = Array.from({ length: 500 }, (_, index) => 1 + (index * 97) / 100);

describe("the CRM's alarms", () => {
  it("know nothing before the application reports, are OK while it is well, and fire on errors and on latency", async () => {
    await createAlarms(cloudWatch);
    expect(await states()).toEqual({ "crm-errors": "INSUFFICIENT_DATA", "crm-latency-p99": "INSUFFICIENT_DATA" });
    await publish(healthy);
    expect(await states()).toEqual({ "crm-errors": "OK", "crm-latency-p99": "OK" });
    await publish(healthy, 1);
    expect(await states()).toEqual({ "crm-errors": "ALARM", "crm-latency-p99": "OK" });
    await publish([2_000, 2_000, 2_000, 2_000, 2_000, 2_000, 2_000, 2_000, 2_000, 2_000, 2_000, 2_000, 2_000, 2_000]);
    expect(await states()).toEqual({ "crm-errors": "ALARM", "crm-latency-p99": "ALARM" });
  });
});
