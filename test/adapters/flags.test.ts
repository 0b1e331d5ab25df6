import {
  AppConfigClient,
  CreateApplicationCommand,
  CreateConfigurationProfileCommand,
  CreateDeploymentStrategyCommand,
  CreateEnvironmentCommand,
  CreateHostedConfigurationVersionCommand,
  StartDeploymentCommand,
} from "@aws-sdk/client-appconfig";
import { describe, expect, it } from "vitest";
import { AppConfigFlags } from "../../adapters/appconfig/flags.ts";
import { FlagDeploymentFailed, ServiceUnavailable } from "../../core/errors.ts";
import { type FlagState, NOBODY, OLD_PATH } from "../../core/flag.ts";
import { useEmulator } from "../support/emulator.ts";
import { FakeFlags } from "../support/fakes.ts";
import { flagsContract } from "./flags-contract.ts";

const { client } = useEmulator();
const HALF: FlagState = { read: { percent: 50, tenants: [], regions: [] }, write: NOBODY };
let count = 0;

async function appConfigHarness() {
  const appconfig = new AppConfigClient(client());
  const migration = `m${String(++count)}`;
  const { Id: applicationId = "" } = await appconfig.send(new CreateApplicationCommand({ Name: migration }));
  const place = { ApplicationId: applicationId, Name: migration };
  const environment = await appconfig.send(new CreateEnvironmentCommand(place));
  const profile = await appconfig.send(
    new CreateConfigurationProfileCommand({ ...place, LocationUri: "hosted", Type: "AWS.AppConfig.FeatureFlags" }),
  );
  // As the stack has them: at once, then a bake; and at once without one.
  const strategies = { stepwise: await strategy(appconfig, 10), immediate: await strategy(appconfig, 0) };
  const flags = new AppConfigFlags({ client: appconfig, applicationId, strategies });
  return {
    flags,
    migration,
    appconfig,
    ids: { applicationId, environment: environment.Id, profile: profile.Id },
    strategies,
  };
}

async function strategy(appconfig: AppConfigClient, bakeMinutes: number): Promise<string> {
  const { Id = "" } = await appconfig.send(
    new CreateDeploymentStrategyCommand({
      Name: `s${String(++count)}`,
      DeploymentDurationInMinutes: 0,
      GrowthFactor: 100,
      FinalBakeTimeInMinutes: bakeMinutes,
      ReplicateTo: "NONE",
    }),
  );
  return Id;
}

flagsContract("AppConfig", appConfigHarness);
flagsContract("in memory", () => Promise.resolve({ flags: new FakeFlags({ migrations: ["m"] }), migration: "m" }));

describe("flags on AppConfig", () => {
  async function withForeignContent() {
    const harness = await appConfigHarness();
    const { appconfig, ids, strategies } = harness;
    const { VersionNumber } = await appconfig.send(
      new CreateHostedConfigurationVersionCommand({
        ApplicationId: ids.applicationId,
        ConfigurationProfileId: ids.profile,
        ContentType: "application/json",
        Content: new TextEncoder().encode('{"version":"1","flags":{},"values":{}}'),
      }),
    );
    await appconfig.send(
      new StartDeploymentCommand({
        ApplicationId: ids.applicationId,
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
    await flags.deploy(migration, OLD_PATH, "immediate");
    expect(await flags.current(migration)).toEqual(OLD_PATH);
  });

  it("starts one deployment where the same call comes twice at once", async () => {
    const { flags, migration } = await appConfigHarness();
    const outcomes = await Promise.allSettled([1, 2, 3, 4].map(() => flags.deploy(migration, HALF, "stepwise")));
    const failures = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason as unknown] : []));
    const numbers = outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
    expect(new Set(numbers)).toEqual(new Set([1]));
    expect(failures.filter((failure) => !(failure instanceof ServiceUnavailable))).toEqual([]);
    expect(await flags.deploy(migration, HALF, "stepwise")).toBe(1);
  });

  it("says that the service is unavailable where nobody answers", async () => {
    const unreachable = new AppConfigClient({ ...client(), endpoint: "http://127.0.0.1:1" });
    const strategies = { stepwise: "s", immediate: "i" };
    const flags = new AppConfigFlags({ client: unreachable, applicationId: "a", strategies });
    await expect(flags.exists("m")).rejects.toThrow(ServiceUnavailable);
  });
});
