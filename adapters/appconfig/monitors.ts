import {
  type AppConfigClient,
  GetEnvironmentCommand,
  type Monitor,
  UpdateEnvironmentCommand,
} from "@aws-sdk/client-appconfig";

/** Alarms that AppConfig takes an environment to have (https://docs.aws.amazon.com/general/latest/gr/appconfig.html). */
export const MAX_MONITORS = 5;

/** How AppConfig looks at alarms. */
export interface MonitorAccess {
  /** The role that it takes on. */
  readonly roleArn: string;
  /** Where the alarms are: `arn:aws:cloudwatch:<region>:<account>:alarm:`. */
  readonly alarmArnPrefix: string;
}

/** An environment of an application, as a command names it. */
export interface Environment {
  readonly ApplicationId: string;
  readonly EnvironmentId: string;
}

/** The first five alarms, in their order, as monitors. */
export function monitorsOf(alarms: readonly string[], { roleArn, alarmArnPrefix }: MonitorAccess): readonly Monitor[] {
  return alarms.slice(0, MAX_MONITORS).map((name) => ({ AlarmArn: alarmArnPrefix + name, AlarmRoleArn: roleArn }));
}

/**
 * Makes these the alarms for which AppConfig takes a deployment back while it is under way or bakes. Changes nothing
 * where they are so already. AppConfig takes INSUFFICIENT_DATA for an alarm that fires, and looks at none whose actions
 * are switched off.
 *
 * @see https://docs.aws.amazon.com/appconfig/latest/userguide/monitoring-deployments.html
 */
export async function setMonitors(
  client: AppConfigClient,
  environment: Environment,
  wanted: readonly Monitor[],
): Promise<void> {
  const { Monitors: present = [] } = await client.send(new GetEnvironmentCommand(environment));
  if (present.map(key).join("\n") === wanted.map(key).join("\n")) return;
  await client.send(new UpdateEnvironmentCommand({ ...environment, Monitors: [...wanted] }));
}

function key({ AlarmArn = "", AlarmRoleArn = "" }: Monitor): string {
  return `${AlarmArn} ${AlarmRoleArn}`;
}
