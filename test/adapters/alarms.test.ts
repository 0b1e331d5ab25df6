import {
  CloudWatchClient,
  type MetricAlarm,
  PutCompositeAlarmCommand,
  PutMetricAlarmCommand,
  SetAlarmStateCommand,
} from "@aws-sdk/client-cloudwatch";
import { describe, expect, it } from "vitest";
import { CloudWatchAlarms } from "../../adapters/cloudwatch/alarms.ts";
import { ServiceUnavailable } from "../../core/errors.ts";
import { useEmulator } from "../support/emulator.ts";
import { FakeAlarms } from "../support/fakes.ts";
import { alarmsContract } from "./alarms.conformance.ts";

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
    expect((await alarms.states(["both"])).get("both")).toEqual({ state: "ALARM", since: expect.any(Date) as Date });
  });

  it("says since when an alarm is in its state, and where CloudWatch does not, since when it was evaluated", async () => {
    const [transitioned, updated] = [new Date("2026-01-05T09:00:00Z"), new Date("2026-01-05T10:00:00Z")];
    const MetricAlarms: MetricAlarm[] = [
      { AlarmName: "old", StateValue: "OK", StateUpdatedTimestamp: updated, StateTransitionedTimestamp: transitioned },
      { AlarmName: "new", StateValue: "OK", StateUpdatedTimestamp: updated },
      { AlarmName: "odd" },
    ];
    const cloudwatch = new CloudWatchClient(client());
    cloudwatch.middlewareStack.add(
      () => () => Promise.resolve({ output: { $metadata: {}, MetricAlarms }, response: undefined }),
      { step: "initialize", priority: "low" },
    );
    const states = await new CloudWatchAlarms({ client: cloudwatch }).states(["old", "new", "odd"]);
    expect(Object.fromEntries(states)).toEqual({
      old: { state: "OK", since: transitioned },
      new: { state: "OK", since: updated },
      odd: { state: "INSUFFICIENT_DATA" },
    });
  });

  it("asks for more names than one call takes", async () => {
    const { alarms, put } = await cloudWatchHarness();
    const names = Array.from({ length: 120 }, (_, index) => `alarm-${String(index).padStart(3, "0")}`);
    await put("alarm-060", "OK");
    await put("alarm-119", "ALARM");
    const states = await alarms.states(names);
    expect(states.size).toBe(120);
    expect([...states].flatMap(([name, { state }]) => (state === "missing" ? [] : [[name, state]]))).toEqual([
      ["alarm-060", "OK"],
      ["alarm-119", "ALARM"],
    ]);
  });

  it("never takes silence for health", async () => {
    const nobody = new CloudWatchClient({ ...client(), endpoint: "http://127.0.0.1:1" });
    await expect(new CloudWatchAlarms({ client: nobody }).states(["fine"])).rejects.toThrow(ServiceUnavailable);
  });
});
