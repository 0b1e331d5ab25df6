import { ArnFormat, type Stack } from "aws-cdk-lib";
import { PolicyStatement } from "aws-cdk-lib/aws-iam";
import { logicalId, nagArn } from "./acknowledge.ts";
import type { Config } from "./config.ts";
import type { RegistryTable } from "./registry-table.ts";
import type { FlagStore } from "./flag-store.ts";
import type { Need } from "./handlers.ts";
import { LIVE_ALIAS } from "./live-alias.ts";
import type { MonitorRole } from "./monitor-role.ts";
import type { OperatorTopic } from "./operator-topic.ts";
import type { PlanBucket } from "./plan-bucket.ts";

/** What the handlers work with. */
export interface Resources {
  readonly stack: Stack;
  readonly config: Config;
  readonly registry: RegistryTable;
  readonly plans: PlanBucket;
  readonly flags: FlagStore;
  readonly monitorRole: MonitorRole;
  readonly operators: OperatorTopic;
  /** Names of state machines; by name, since the machines themselves depend on the handlers. */
  readonly migrationMachineName: string;
  readonly rollbackMachineName: string;
}

/** What one need gives a handler: rights, and the variables that say where the thing is. */
export interface Grant {
  readonly statements: readonly PolicyStatement[];
  readonly environment: Readonly<Record<string, string>>;
  /** Why each wildcard among the resources is right, by the resource as cdk-nag writes it. @default none */
  readonly wildcards?: Readonly<Record<string, string>>;
}

const allow = (actions: readonly string[], ...resources: readonly string[]) =>
  new PolicyStatement({ actions: [...actions], resources: [...resources] });

/** Each need as statements on named resources. */
export const GRANTS: Readonly<Record<Need, (resources: Resources) => Grant>> = {
  database: databaseGrant,
  "registry:read": ({ registry }) => controlGrant(registry, ["dynamodb:GetItem"]),
  "registry:write": ({ registry }) =>
    controlGrant(registry, ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"]),
  // The whole table is read, since any run may name the alarm that fired: one small item a run.
  "registry:list": ({ registry }) => controlGrant(registry, ["dynamodb:Scan"]),
  "plans:read": ({ plans }) => planGrant(plans, ["s3:GetObject"]),
  "plans:write": ({ plans }) => planGrant(plans, ["s3:GetObject", "s3:PutObject"]),
  "flags:read": flagReadGrant,
  "flags:write": flagWriteGrant,
  // Composite alarms are returned only where DescribeAlarms is allowed on every resource
  // (https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html).
  alarms: () => ({
    statements: [allow(["cloudwatch:DescribeAlarms"], "*")],
    environment: {},
    wildcards: { "*": "cloudwatch:DescribeAlarms returns composite alarms only where it is allowed on every resource" },
  }),
  metrics: () => ({
    statements: [allow(["cloudwatch:GetMetricData"], "*")],
    environment: {},
    wildcards: { "*": "cloudwatch:GetMetricData has no resources that a policy could name" },
  }),
  callbacks: standbyGrant,
  "executions:describe": (resources) => executionGrant(resources, ["states:DescribeExecution"]),
  "executions:stop": (resources) => executionGrant(resources, ["states:DescribeExecution", "states:StopExecution"]),
  "runs:start": runStartGrant,
  "rollbacks:start": rollbackStartGrant,
  operators: ({ operators }) => ({
    statements: [
      allow(["sns:Publish"], operators.topic.topicArn),
      allow(["kms:Decrypt", "kms:GenerateDataKey"], operators.key.keyArn),
    ],
    environment: { SLUICE_TOPIC_ARN: operators.topic.topicArn },
  }),
  // Relative to LAMBDA_TASK_ROOT: an emulator unpacks a package elsewhere than in /var/task.
  migrations: () => ({ statements: [], environment: { SLUICE_MIGRATIONS: "migrations" } }),
};

function databaseGrant({ config }: Resources): Grant {
  const databases = Object.values(config.databases);
  const keys = databases.flatMap(({ secretKmsKeyArn }) => (secretKmsKeyArn === undefined ? [] : [secretKmsKeyArn]));
  const unique = (arns: readonly string[]) => [...new Set(arns)];
  const statements = [
    allow(
      [
        "rds-data:ExecuteStatement",
        "rds-data:BeginTransaction",
        "rds-data:CommitTransaction",
        "rds-data:RollbackTransaction",
      ],
      ...unique(databases.map(({ clusterArn }) => clusterArn)),
    ),
    allow(["secretsmanager:GetSecretValue"], ...unique(databases.map(({ secretArn }) => secretArn))),
  ];
  if (keys.length > 0) statements.push(allow(["kms:Decrypt"], ...unique(keys)));
  return { statements, environment: databaseEnvironment(config) };
}

function databaseEnvironment(config: Config): Readonly<Record<string, string>> {
  const places = Object.entries(config.databases).map(
    ([name, { clusterArn, secretArn, database }]) => [name, { clusterArn, secretArn, database }] as const,
  );
  const { rdsData } = config.endpoints;
  return {
    SLUICE_DATABASES: JSON.stringify(Object.fromEntries(places)),
    ...(rdsData === undefined ? {} : { AWS_ENDPOINT_URL_RDS_DATA: rdsData }),
  };
}

function controlGrant(registry: RegistryTable, actions: readonly string[]): Grant {
  return {
    statements: [allow(actions, registry.tableArn)],
    environment: { SLUICE_REGISTRY_TABLE: registry.tableName },
  };
}

/** With ListBucket a missing plan is told from a forbidden one: S3 answers 404 instead of 403. */
function planGrant(plans: PlanBucket, actions: readonly string[]): Grant {
  return {
    statements: [allow(actions, plans.arnForObjects("plans/*")), allow(["s3:ListBucket"], plans.bucketArn)],
    environment: { SLUICE_PLAN_BUCKET: plans.bucketName },
    wildcards: { [`<${logicalId(plans)}.Arn>/plans/*`]: "Plans are named by hash, and there is nothing else" },
  };
}

const READ_FLAGS = [
  "appconfig:ListEnvironments",
  "appconfig:ListConfigurationProfiles",
  "appconfig:ListDeployments",
  "appconfig:GetDeployment",
  "appconfig:GetHostedConfigurationVersion",
];
const WRITE_FLAGS = [
  "appconfig:GetEnvironment",
  "appconfig:UpdateEnvironment",
  "appconfig:CreateHostedConfigurationVersion",
  "appconfig:StartDeployment",
  "appconfig:StopDeployment",
];

/**
 * The application and all in it. Naming each environment, profile, version and deployment would name the same things,
 * as nothing else is in the application, and would outgrow a role's 10,240 characters after some twenty migrations.
 */
function flagArns({ stack, flags }: Resources): readonly string[] {
  const application = stack.formatArn({
    service: "appconfig",
    resource: "application",
    resourceName: flags.applicationId,
  });
  return [application, `${application}/*`];
}

function flagReadGrant(resources: Resources): Grant {
  return {
    statements: [allow(READ_FLAGS, ...flagArns(resources))],
    // The adapter of the flags asks for all of these even where its caller only reads.
    environment: {
      SLUICE_FLAG_APPLICATION: resources.flags.applicationId,
      SLUICE_STRATEGY_STEPWISE: resources.flags.stepwiseStrategyId,
      SLUICE_STRATEGY_IMMEDIATE: resources.flags.immediateStrategyId,
      SLUICE_MONITOR_ROLE_ARN: resources.monitorRole.roleArn,
      SLUICE_ALARM_ARN_PREFIX: alarmArnPrefix(resources),
    },
    wildcards: {
      [nagArn("appconfig", `application/<${logicalId(resources.flags.application)}>/*`)]:
        "The application holds nothing but the flags of Sluice's migrations",
    },
  };
}

/** AppConfig watches alarms of its own account and region. */
function alarmArnPrefix({ stack }: Resources): string {
  return stack.formatArn({
    service: "cloudwatch",
    resource: "alarm",
    resourceName: "",
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  });
}

/** Whoever makes alarms the monitors of an environment hands AppConfig the role to look at them with. */
function flagWriteGrant(resources: Resources): Grant {
  const { stack, flags, monitorRole } = resources;
  const read = flagReadGrant(resources);
  const strategies = [flags.stepwiseStrategyId, flags.immediateStrategyId].map((resourceName) =>
    stack.formatArn({ service: "appconfig", resource: "deploymentstrategy", resourceName }),
  );
  const passRole = new PolicyStatement({
    actions: ["iam:PassRole"],
    resources: [monitorRole.roleArn],
    conditions: { StringEquals: { "iam:PassedToService": "appconfig.amazonaws.com" } },
  });
  return {
    ...read,
    statements: [...read.statements, allow(WRITE_FLAGS, ...flagArns(resources), ...strategies), passRole],
  };
}

function executionGrant(resources: Resources, actions: readonly string[]): Grant {
  const { migrationMachineName } = resources;
  return {
    statements: [allow(actions, stateArn(resources, "execution", `${migrationMachineName}:*`))],
    environment: {},
    wildcards: {
      [nagArn("states", `execution:${migrationMachineName}:*`)]:
        "Runs have names of their own; all are of this machine",
    },
  };
}

/**
 * A token is an item of the run registry until its run is woken. The right to answer is the machine's to name, and
 * that of its versions and alias, by which runs are started.
 */
function standbyGrant(resources: Resources): Grant {
  const { registry, migrationMachineName } = resources;
  const items = controlGrant(registry, ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:DeleteItem"]);
  return {
    ...items,
    statements: [
      ...items.statements,
      allow(
        ["states:SendTaskSuccess"],
        stateArn(resources, "stateMachine", migrationMachineName),
        stateArn(resources, "stateMachine", `${migrationMachineName}:*`),
      ),
    ],
    wildcards: {
      [nagArn("states", `stateMachine:${migrationMachineName}:*`)]: "Versions and the alias of this very machine",
    },
  };
}

/** By the alias where versions are published, so that a run can be redriven through the states that it began with. */
function runStartGrant(resources: Resources): Grant {
  const { config, migrationMachineName } = resources;
  const machine = stateArn(resources, "stateMachine", migrationMachineName);
  const started = config.stateMachineVersions ? `${machine}:${LIVE_ALIAS}` : machine;
  return {
    statements: [allow(["states:StartExecution"], ...new Set([machine, started]))],
    environment: { SLUICE_MIGRATION_MACHINE_ARN: started },
  };
}

/** The machine itself, as the migration's own state `RollBack` starts it: one name, one rollback. */
function rollbackStartGrant(resources: Resources): Grant {
  const { rollbackMachineName } = resources;
  const machine = stateArn(resources, "stateMachine", rollbackMachineName);
  return {
    statements: [
      allow(["states:StartExecution"], machine),
      allow(["states:DescribeExecution"], stateArn(resources, "execution", `${rollbackMachineName}:*`)),
    ],
    environment: { SLUICE_ROLLBACK_MACHINE_ARN: machine },
    wildcards: {
      [nagArn("states", `execution:${rollbackMachineName}:*`)]:
        "Rollbacks are named after their runs; all are of this machine",
    },
  };
}

function stateArn({ stack }: Resources, resource: "execution" | "stateMachine", resourceName: string): string {
  return stack.formatArn({ service: "states", resource, resourceName, arnFormat: ArnFormat.COLON_RESOURCE_NAME });
}
