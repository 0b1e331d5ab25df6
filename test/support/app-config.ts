import {
  AppConfigClient,
  CreateApplicationCommand,
  CreateConfigurationProfileCommand,
  CreateDeploymentStrategyCommand,
  CreateEnvironmentCommand,
  GetEnvironmentCommand,
} from "@aws-sdk/client-appconfig";
import { expect } from "vitest";
import { AppConfigFlags } from "../../adapters/appconfig/flags.ts";
import type { ClientConfig } from "./emulator.ts";

/** One migration's flag in an AppConfig application of its own, as the stack makes it. */
export interface FlagOnAppConfig {
  readonly flags: AppConfigFlags;
  readonly appconfig: AppConfigClient;
  readonly migration: string;
  readonly ids: { readonly application: string; readonly environment: string; readonly profile: string };
  readonly strategies: { readonly stepwise: string; readonly immediate: string };
  /** Names of the alarms that the environment has for monitors. */
  guards(): Promise<readonly string[]>;
}

/** Of the emulator's account. */
export const ALARM_ARN_PREFIX = "arn:aws:cloudwatch:us-east-1:000000000000:alarm:";
const MONITOR_ROLE_ARN = "arn:aws:iam::000000000000:role/monitor";

let count = 0;

/** Stepwise deployments bake for ten minutes, and so are in flight for as long as a test lasts. */
export async function flagOnAppConfig(client: ClientConfig): Promise<FlagOnAppConfig> {
  const appconfig = new AppConfigClient(client);
  const migration = `m${String(++count)}`;
  const { Id: application = "" } = await appconfig.send(new CreateApplicationCommand({ Name: `app-${migration}` }));
  const place = { ApplicationId: application, Name: migration };
  const { Id: environment = "" } = await appconfig.send(new CreateEnvironmentCommand(place));
  const { Id: profile = "" } = await appconfig.send(
    new CreateConfigurationProfileCommand({ ...place, LocationUri: "hosted", Type: "AWS.AppConfig.FeatureFlags" }),
  );
  const strategies = { stepwise: await strategy(appconfig, 10), immediate: await strategy(appconfig, 0) };
  const flags = new AppConfigFlags({
    client: appconfig,
    applicationId: application,
    strategies,
    monitors: { roleArn: MONITOR_ROLE_ARN, alarmArnPrefix: ALARM_ARN_PREFIX },
  });
  const guards = async () => {
    const { Monitors = [] } = await appconfig.send(
      new GetEnvironmentCommand({ ApplicationId: application, EnvironmentId: environment }),
    );
    expect(Monitors.map(({ AlarmRoleArn }) => AlarmRoleArn)).toEqual(Monitors.map(() => MONITOR_ROLE_ARN));
    return Monitors.map(({ AlarmArn = "" }) => AlarmArn.replace(ALARM_ARN_PREFIX, ""));
  };
  return { flags, appconfig, migration, ids: { application, environment, profile }, strategies, guards };
}

async function strategy(appconfig: AppConfigClient, bakeMinutes: number): Promise<string> {
  const { Id = "" } = await appconfig.send(
    new CreateDeploymentStrategyCommand({
      Name: `strategy-${String(++count)}`,
      DeploymentDurationInMinutes: 0,
      GrowthFactor: 100,
      FinalBakeTimeInMinutes: bakeMinutes,
      ReplicateTo: "NONE",
    }),
  );
  return Id;
}
