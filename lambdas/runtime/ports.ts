import { AppConfigClient } from "@aws-sdk/client-appconfig";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { S3Client } from "@aws-sdk/client-s3";
import { SFNClient } from "@aws-sdk/client-sfn";
import { SNSClient } from "@aws-sdk/client-sns";
import { STSClient } from "@aws-sdk/client-sts";
import { AppConfigFlags } from "../../adapters/appconfig/flags.ts";
import { StsCallers } from "../../adapters/callers.ts";
import { SystemClock } from "../../adapters/clock.ts";
import { CloudWatchAlarms } from "../../adapters/cloudwatch/alarms.ts";
import { cloudWatchClient } from "../../adapters/cloudwatch/cloudwatch-client.ts";
import { CloudWatchMetrics } from "../../adapters/cloudwatch/metrics.ts";
import { DynamoApprovals } from "../../adapters/registry/approvals.ts";
import type { RegistryTableProps } from "../../adapters/registry/registry-table.ts";
import { DynamoRunRegistry } from "../../adapters/registry/run-registry.ts";
import { StepFunctionsCallbacks } from "../../adapters/registry/callbacks.ts";
import { dataApiClient } from "../../adapters/data-api/data-api-client.ts";
import { DataApiDatabase } from "../../adapters/data-api/data-api-database.ts";
import { StepFunctionsExecutions } from "../../adapters/executions.ts";
import { SnsNotifier } from "../../adapters/notifier.ts";
import { S3PlanStore } from "../../adapters/plan-store.ts";
import type { Ports } from "../../core/run/run.ts";
import { databaseAddress, environmentVariable } from "./environment.ts";

/**
 * Every port but the database: what a rollback must do, it does with the database unreachable. These are the adapters
 * on AWS, wired here and nowhere else.
 */
export const registryPorts = lazily<Omit<Ports, "database">>({
  registry: () => new DynamoRunRegistry(registryTable()),
  approvals: () => new DynamoApprovals(registryTable()),
  callbacks: () => new StepFunctionsCallbacks({ ...registryTable(), stepFunctions: new SFNClient({}) }),
  callers: () => new StsCallers({ client: new STSClient({}) }),
  flags: () =>
    new AppConfigFlags({
      client: new AppConfigClient({}),
      applicationId: environmentVariable("SLUICE_FLAG_APPLICATION"),
      strategies: {
        stepwise: environmentVariable("SLUICE_STRATEGY_STEPWISE"),
        immediate: environmentVariable("SLUICE_STRATEGY_IMMEDIATE"),
      },
      monitors: {
        roleArn: environmentVariable("SLUICE_MONITOR_ROLE_ARN"),
        alarmArnPrefix: environmentVariable("SLUICE_ALARM_ARN_PREFIX"),
      },
    }),
  alarms: () => new CloudWatchAlarms({ client: cloudWatchClient() }),
  metrics: () => new CloudWatchMetrics({ client: cloudWatchClient() }),
  executions: () =>
    new StepFunctionsExecutions({
      client: new SFNClient({}),
      migrationMachineArn: () => environmentVariable("SLUICE_MIGRATION_MACHINE_ARN"),
      rollbackMachineArn: () => environmentVariable("SLUICE_ROLLBACK_MACHINE_ARN"),
    }),
  plans: () => new S3PlanStore({ client: new S3Client({}), bucket: environmentVariable("SLUICE_PLAN_BUCKET") }),
  notifier: () => new SnsNotifier({ client: new SNSClient({}), topicArn: environmentVariable("SLUICE_TOPIC_ARN") }),
  clock: () => new SystemClock(),
});

const databases = new Map<string, Ports>();

/** All ports, with the database that the configuration has under this name. */
export function portsFor(name: string): Ports {
  const known = databases.get(name);
  if (known) return known;
  const withDatabase = lazily<Pick<Ports, "database">>({ database: () => database(name) });
  const ports = Object.setPrototypeOf(withDatabase, registryPorts) as Ports;
  databases.set(name, ports);
  return ports;
}

/**
 * Each member is made when it is first asked for, and kept for the next invocation: a function has the environment,
 * and the permissions, of those only that its step asks for.
 */
function lazily<T extends object>(makers: { readonly [Key in keyof T]: () => T[Key] }): T {
  const members = {} as T;
  for (const key of Object.keys(makers) as (keyof T)[]) {
    let made: T[typeof key] | undefined;
    Object.defineProperty(members, key, { get: () => (made ??= makers[key]()) });
  }
  return members;
}

/** The items of a run, of approvals and of callbacks are in one table. */
function registryTable(): RegistryTableProps {
  return { client: new DynamoDBClient({}), tableName: environmentVariable("SLUICE_REGISTRY_TABLE") };
}

function database(name: string): DataApiDatabase {
  const { clusterArn, secretArn, database: dbname } = databaseAddress(name);
  return new DataApiDatabase({ client: dataApiClient(), resourceArn: clusterArn, secretArn, database: dbname });
}
