import {
  AppConfigClient,
  CreateEnvironmentCommand,
  CreateHostedConfigurationVersionCommand,
  StartDeploymentCommand,
  UpdateEnvironmentCommand,
} from "@aws-sdk/client-appconfig";
import { CloudWatchClient, PutMetricAlarmCommand, SetAlarmStateCommand } from "@aws-sdk/client-cloudwatch";
import { describe, expect, it, vi } from "vitest";
import { AppConfigFlags } from "../../adapters/appconfig/flags.ts";
import { ConfigurationInvalid, FlagDeploymentFailed, ServiceRefused, ServiceUnavailable } from "../../core/errors.ts";
import { type FlagState, NOBODY, OLD_PATH } from "../../core/flag.ts";
import { ALARM_ARN_PREFIX, flagOnAppConfig } from "../support/app-config.ts";
import { useEmulator } from "../support/emulator.ts";
import { FakeFlags } from "../support/fakes.ts";
import { flagsContract } from "./flags.conformance.ts";

const { client } = useEmulator();
const HALF: FlagState = { read: { percent: 50, tenants: [], regions: [] }, write: NOBODY };
const appConfigHarness = () => flagOnAppConfig(client());

flagsContract("AppConfig", appConfigHarness);
flagsContract("in memory", () => {
  const flags = new FakeFlags({ migrations: ["m"] });
  return Promise.resolve({ flags, migration: "m", guards: () => Promise.resolve(flags.guards("m")) });
});

describe("flags on AppConfig", () => {
  async function withForeignContent() {
    const harness = await appConfigHarness();
    const { appconfig, ids, strategies } = harness;
    const { VersionNumber } = await appconfig.send(
      new CreateHostedConfigurationVersionCommand({
        ApplicationId: ids.application,
        ConfigurationProfileId: ids.profile,
        ContentType: "application/json",
        Content: new TextEncoder().encode('{"version":"1","flags":{},"values":{}}'),
      }),
    );
    await appconfig.send(
      new StartDeploymentCommand({
        ApplicationId: ids.application,
        EnvironmentId: ids.environment,
        ConfigurationProfileId: ids.profile,
        ConfigurationVersion: String(VersionNumber),
        DeploymentStrategyId: strategies.immediate,
      }),
    );
    return harness;
  }

  it("does not take a configuration that somebody else wrote for a state", async () => {
    const { flags, migration } = await withForeignContent();
    await expect(flags.current(migration)).rejects.toThrow(FlagDeploymentFailed);
  });

  it("deploys the old path over a configuration that somebody else wrote", async () => {
    const { flags, migration } = await withForeignContent();
    await flags.deployNow(migration, OLD_PATH);
    expect(await flags.current(migration)).toEqual(OLD_PATH);
  });

  it("starts one deployment where the same call comes twice at once", async () => {
    const { flags, migration } = await appConfigHarness();
    const outcomes = await Promise.allSettled([1, 2, 3, 4].map(() => flags.deploy(migration, HALF, [])));
    const failures = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason as unknown] : []));
    const numbers = outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
    expect(new Set(numbers)).toEqual(new Set([1]));
    expect(failures.filter((failure) => !(failure instanceof ServiceUnavailable))).toEqual([]);
    expect(await flags.deploy(migration, HALF, [])).toBe(1);
  });

  it("says that the service is unavailable where nobody answers", async () => {
    const unreachable = new AppConfigClient({ ...client(), endpoint: "http://127.0.0.1:1" });
    const strategies = { stepwise: "s", immediate: "i" };
    const flags = new AppConfigFlags({ client: unreachable, applicationId: "a", strategies });
    await expect(flags.exists("m")).rejects.toThrow(ServiceUnavailable);
  });

  it("does not take the first of two environments of one name, which a retained one leaves", async () => {
    const { appconfig, ids, migration, strategies } = await appConfigHarness();
    await appconfig.send(new CreateEnvironmentCommand({ ApplicationId: ids.application, Name: migration }));
    const flags = new AppConfigFlags({ client: appconfig, applicationId: ids.application, strategies });
    await expect(flags.exists(migration)).rejects.toThrow(ServiceRefused);
    await expect(flags.deployNow(migration, OLD_PATH)).rejects.toThrow(
      new RegExp(`2 environments.*${ids.environment}`),
    );
  });

  it("refuses to deploy without the guard that it is asked for", async () => {
    const { appconfig, ids, migration, strategies } = await appConfigHarness();
    const flags = new AppConfigFlags({ client: appconfig, applicationId: ids.application, strategies });
    await expect(flags.deploy(migration, HALF, ["latency"])).rejects.toThrow(ConfigurationInvalid);
    expect(await flags.deployed(migration)).toBe(false);
  });

  it("does not ask AppConfig to change monitors that are as they should be", async () => {
    const { flags, appconfig, migration } = await appConfigHarness();
    const send = vi.spyOn(appconfig, "send");
    const updates = () => send.mock.calls.filter(([command]) => command instanceof UpdateEnvironmentCommand).length;
    await flags.deployNow(migration, OLD_PATH);
    expect(updates()).toBe(0);
    await flags.deploy(migration, HALF, ["latency"]);
    expect(updates()).toBe(1);
    await flags.deployNow(migration, OLD_PATH);
    expect(updates()).toBe(2);
  });
});

describe("flags on AppConfig under an alarm", () => {
  async function withAlarm() {
    const harness = await appConfigHarness();
    const cloudWatch = new CloudWatchClient(client());
    const AlarmName = `latency-${harness.migration}`;
    await cloudWatch.send(new PutMetricAlarmCommand({ AlarmName, ...NEVER_EVALUATED }));
    const set = (StateValue: "OK" | "ALARM") =>
      cloudWatch.send(new SetAlarmStateCommand({ AlarmName, StateValue, StateReason: "a test says so" }));
    await set("OK");
    const arm = () => harness.flags.deploy(harness.migration, HALF, [AlarmName]);
    return { ...harness, alarm: AlarmName, set, arm };
  }

  it("have a baking step taken back by AppConfig itself, and the flag as it was", async () => {
    const { flags, migration, set, arm } = await withAlarm();
    await flags.deployNow(migration, OLD_PATH);
    const step = await arm();
    expect(await flags.deployment(migration, step)).toBe("deploying");
    await set("ALARM");
    expect(await flags.deployment(migration, step)).toBe("reverted");
    expect(await flags.current(migration)).toEqual(OLD_PATH);
  });

  it("bring the old path while it fires, which under guard they could not", async () => {
    const { flags, migration, set, arm } = await withAlarm();
    const step = await arm();
    await set("ALARM");
    const back = await flags.deployNow(migration, OLD_PATH);
    expect(await flags.deployment(migration, step)).toBe("reverted");
    expect(await flags.deployment(migration, back)).toBe("complete");
    expect(await flags.current(migration)).toEqual(OLD_PATH);
  });

  it("bring the old path although a cutover armed the environment after it was disarmed", async () => {
    const { flags, appconfig, ids, migration, alarm, set } = await withAlarm();
    await flags.deployNow(migration, HALF);
    await set("ALARM");
    let late = true;
    const send = appconfig.send.bind(appconfig) as (command: unknown) => Promise<unknown>;
    vi.spyOn(appconfig, "send").mockImplementation((async (command: unknown) => {
      if (command instanceof StartDeploymentCommand && late) {
        late = false;
        const Monitors = [{ AlarmArn: ALARM_ARN_PREFIX + alarm }];
        const place = { ApplicationId: ids.application, EnvironmentId: ids.environment };
        await send(new UpdateEnvironmentCommand({ ...place, Monitors }));
      }
      return send(command);
    }) as never);
    const taken = await flags.deployNow(migration, OLD_PATH);
    expect(await flags.deployment(migration, taken)).toBe("reverted");
    const back = await flags.deployNow(migration, OLD_PATH);
    expect(await flags.deployment(migration, back)).toBe("complete");
    expect(await flags.current(migration)).toEqual(OLD_PATH);
  });

  it("return traffic although AppConfig refuses to let go of the alarms", async () => {
    const { flags, appconfig, migration, set, arm } = await withAlarm();
    const step = await arm();
    await set("OK");
    const send = appconfig.send.bind(appconfig) as (command: unknown) => Promise<unknown>;
    vi.spyOn(appconfig, "send").mockImplementation(((command: unknown) =>
      command instanceof UpdateEnvironmentCommand
        ? Promise.reject(Object.assign(new Error("not authorized"), { name: "AccessDeniedException" }))
        : send(command)) as never);
    await flags.deployNow(migration, OLD_PATH);
    expect(await flags.deployment(migration, step)).toBe("reverted");
    expect(await flags.current(migration)).toEqual(OLD_PATH);
  });
});

/** Of a metric that nobody sends: its state is what a test sets. */
const NEVER_EVALUATED = {
  Namespace: "Test",
  MetricName: "Nothing",
  Statistic: "Sum",
  Period: 60,
  EvaluationPeriods: 1,
  Threshold: 1,
  ComparisonOperator: "GreaterThanThreshold",
} as const;
