import {
  AppConfigClient,
  CreateHostedConfigurationVersionCommand,
  StartDeploymentCommand,
} from "@aws-sdk/client-appconfig";
import { describe, expect, it } from "vitest";
import { AppConfigFlags } from "../../adapters/appconfig/flags.ts";
import { FlagDeploymentFailed, ServiceUnavailable } from "../../core/errors.ts";
import { type FlagState, NOBODY, OLD_PATH } from "../../core/flag.ts";
import { flagOnAppConfig } from "../support/app-config.ts";
import { useEmulator } from "../support/emulator.ts";
import { FakeFlags } from "../support/fakes.ts";
import { flagsContract } from "./flags-contract.ts";

const { client } = useEmulator();
const HALF: FlagState = { read: { percent: 50, tenants: [], regions: [] }, write: NOBODY };
const appConfigHarness = () => flagOnAppConfig(client());

flagsContract("AppConfig", appConfigHarness);
flagsContract("in memory", () => Promise.resolve({ flags: new FakeFlags({ migrations: ["m"] }), migration: "m" }));

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
