import {
  AppConfigClient,
  CreateApplicationCommand,
  CreateConfigurationProfileCommand,
  CreateDeploymentStrategyCommand,
  CreateEnvironmentCommand,
} from "@aws-sdk/client-appconfig";
import { AppConfigFlags } from "../../adapters/appconfig/flags.ts";
import type { ClientConfig } from "./emulator.ts";

/** One migration's flag in an AppConfig application of its own, as the stack makes it. */
export interface FlagOnAppConfig {
  readonly flags: AppConfigFlags;
  readonly appconfig: AppConfigClient;
  readonly migration: string;
  readonly ids: { readonly application: string; readonly environment: string; readonly profile: string };
  readonly strategies: { readonly stepwise: string; readonly immediate: string };
}

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
  const flags = new AppConfigFlags({ client: appconfig, applicationId: application, strategies });
  return { flags, appconfig, migration, ids: { application, environment, profile }, strategies };
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
