import {
  CloudWatchClient,
  PutCompositeAlarmCommand,
  PutMetricAlarmCommand,
  SetAlarmStateCommand,
} from "@aws-sdk/client-cloudwatch";
import { describe, expect, it } from "vitest";
import { CloudWatchAlarms } from "../../adapters/cloudwatch/alarms.ts";
import { ServiceUnavailable } from "../../core/errors.ts";
import { useEmulator } from "../support/emulator.ts";
import { FakeAlarms } from "../support/fakes.ts";
import { alarmsContract } from "./alarms-contract.ts";

const { client } = useEmulator();

function cloudWatchHarness() {
  const cloudwatch = new CloudWatchClient(client());
  const put = async (name: string, state: "OK" | "ALARM" | "INSUFFICIENT_DATA") => {
    await cloudwatch.send(
      new PutMetricAlarmCommand({
        AlarmName: name,
        Namespace: "Test",
        MetricName: name,
        Statistic: "Sum",
        Period: 60,
        EvaluationPeriods: 1,
        Threshold: 1,
        ComparisonOperator: "GreaterThanThreshold",
      }),
    );
    await cloudwatch.send(new SetAlarmStateCommand({ AlarmName: name, StateValue: state, StateReason: "test" }));
  };
  return Promise.resolve({ alarms: new CloudWatchAlarms({ client: cloudwatch }), cloudwatch, put });
}

alarmsContract("CloudWatch", cloudWatchHarness);
alarmsContract("in memory", () => {
  const alarms = new FakeAlarms();
  return Promise.resolve({
    alarms,
    put: (name, state) => {
      alarms.set(name, state);
      return Promise.resolve();
    },
  });
});

describe("alarms on CloudWatch", () => {
  it("reads composite alarms", async () => {
    const { alarms, cloudwatch, put } = await cloudWatchHarness();
    await put("loud", "ALARM");
    await cloudwatch.send(new PutCompositeAlarmCommand({ AlarmName: "both", AlarmRule: 'ALARM("loud")' }));
    await cloudwatch.send(new SetAlarmStateCommand({ AlarmName: "both", StateValue: "ALARM", StateReason: "test" }));
    expect((await alarms.states(["both"])).get("both")).toBe("ALARM");
  });

  it("asks for more names than one call takes", async () => {
    const { alarms, put } = await cloudWatchHarness();
    const names = Array.from({ length: 120 }, (_, index) => `alarm-${String(index).padStart(3, "0")}`);
    await put("alarm-060", "OK");
    await put("alarm-119", "ALARM");
    const states = await alarms.states(names);
    expect(states.size).toBe(120);
    expect([...states].filter(([, state]) => state !== "missing")).toEqual([
      ["alarm-060", "OK"],
      ["alarm-119", "ALARM"],
    ]);
  });

  it("never takes silence for health", async () => {
    const nobody = new CloudWatchClient({ ...client(), endpoint: "http://127.0.0.1:1" });
    await expect(new CloudWatchAlarms({ client: nobody }).states(["fine"])).rejects.toThrow(ServiceUnavailable);
  });
});
