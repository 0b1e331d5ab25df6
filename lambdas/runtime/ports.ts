import { AppConfigClient } from "@aws-sdk/client-appconfig";
import { CloudWatchClient } from "@aws-sdk/client-cloudwatch";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { S3Client } from "@aws-sdk/client-s3";
import { SFNClient } from "@aws-sdk/client-sfn";
import { SNSClient } from "@aws-sdk/client-sns";
import { AppConfigFlags } from "../../adapters/appconfig/flags.ts";
import { SystemClock } from "../../adapters/clock.ts";
import { CloudWatchAlarms } from "../../adapters/cloudwatch/alarms.ts";
import { DynamoControl } from "../../adapters/control/control.ts";
import { dataApiClient } from "../../adapters/data-api/data-api-client.ts";
import { DataApiDatabase } from "../../adapters/data-api/data-api-database.ts";
import { StepFunctionsExecutions } from "../../adapters/executions.ts";
import { SnsNotifier } from "../../adapters/notifier.ts";
import { S3PlanStore } from "../../adapters/plan-store.ts";
import type { Ports } from "../../core/run/run.ts";
import { databaseAddress, environmentVariable } from "./environment.ts";

/**
 * The adapters on AWS, wired here and nowhere else. Each is made when it is first asked for and kept for the next
 * invocation: a function has the environment, and the permissions, of those only that its step asks for.
 */
const makers: { readonly [Port in Exclude<keyof Ports, "database">]: () => Ports[Port] } = {
  control: () =>
    new DynamoControl({ client: new DynamoDBClient({}), tableName: environmentVariable("SLUICE_CONTROL_TABLE") }),
  flags: () =>
    new AppConfigFlags({
      client: new AppConfigClient({}),
      applicationId: environmentVariable("SLUICE_FLAG_APPLICATION"),
      strategies: {
        stepwise: environmentVariable("SLUICE_STRATEGY_STEPWISE"),
        immediate: environmentVariable("SLUICE_STRATEGY_IMMEDIATE"),
      },
    }),
  alarms: () => new CloudWatchAlarms({ client: new CloudWatchClient({}) }),
  executions: () => new StepFunctionsExecutions({ client: new SFNClient({}) }),
  plans: () => new S3PlanStore({ client: new S3Client({}), bucket: environmentVariable("SLUICE_PLAN_BUCKET") }),
  notifier: () => new SnsNotifier({ client: new SNSClient({}), topicArn: environmentVariable("SLUICE_TOPIC_ARN") }),
  clock: () => new SystemClock(),
};

const kept = new Map<string, unknown>();

function once<T>(key: string, make: () => T): T {
  if (!kept.has(key)) kept.set(key, make());
  return kept.get(key) as T;
}

/** Every port but the database: what a rollback must do, it does with the database unreachable. */
export function controlPorts(): Omit<Ports, "database"> {
  return {
    get control() {
      return once("control", makers.control);
    },
    get flags() {
      return once("flags", makers.flags);
    },
    get alarms() {
      return once("alarms", makers.alarms);
    },
    get executions() {
      return once("executions", makers.executions);
    },
    get plans() {
      return once("plans", makers.plans);
    },
    get notifier() {
      return once("notifier", makers.notifier);
    },
    get clock() {
      return once("clock", makers.clock);
    },
  };
}

/** All ports, with the database that the configuration has under this name. */
export function portsFor(name: string): Ports {
  return Object.defineProperty(controlPorts(), "database", {
    get: () => once(`database ${name}`, () => database(name)),
  }) as Ports;
}

function database(name: string): DataApiDatabase {
  const { clusterArn, secretArn, database: dbname } = databaseAddress(name);
  return new DataApiDatabase({
    client: once("rds-data", dataApiClient),
    resourceArn: clusterArn,
    secretArn,
    database: dbname,
  });
}
