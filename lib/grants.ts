import { ArnFormat, type Stack } from "aws-cdk-lib";
import { PolicyStatement } from "aws-cdk-lib/aws-iam";
import { logicalId, nagArn } from "./acknowledge.ts";
import type { Config } from "./config.ts";
import type { ControlTable } from "./control-table.ts";
import type { FlagStore } from "./flag-store.ts";
import type { Need } from "./handlers.ts";
import type { OperatorTopic } from "./operator-topic.ts";
import type { PlanBucket } from "./plan-bucket.ts";

/** What the handlers work with. */
export interface Resources {
  readonly stack: Stack;
  readonly config: Config;
  readonly control: ControlTable;
  readonly plans: PlanBucket;
  readonly flags: FlagStore;
  readonly operators: OperatorTopic;
  /** Name of the migration state machine; by name, since the machine itself depends on the handlers. */
  readonly migrationMachineName: string;
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
  "control:read": ({ control }) => controlGrant(control, ["dynamodb:GetItem"]),
  "control:write": ({ control }) =>
    controlGrant(control, ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"]),
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
  "executions:describe": (resources) => executionGrant(resources, ["states:DescribeExecution"]),
  "executions:stop": (resources) => executionGrant(resources, ["states:DescribeExecution", "states:StopExecution"]),
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

function controlGrant(control: ControlTable, actions: readonly string[]): Grant {
  return {
    statements: [allow(actions, control.tableArn)],
    environment: { SLUICE_CONTROL_TABLE: control.tableName },
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
    // The adapter of the flags asks for the strategies even where its caller only reads.
    environment: {
      SLUICE_FLAG_APPLICATION: resources.flags.applicationId,
      SLUICE_STRATEGY_STEPWISE: resources.flags.stepwiseStrategyId,
      SLUICE_STRATEGY_IMMEDIATE: resources.flags.immediateStrategyId,
    },
    wildcards: {
      [nagArn("appconfig", `application/<${logicalId(resources.flags.application)}>/*`)]:
        "The application holds nothing but the flags of Sluice's migrations",
    },
  };
}

function flagWriteGrant(resources: Resources): Grant {
  const { stack, flags } = resources;
  const read = flagReadGrant(resources);
  const strategies = [flags.stepwiseStrategyId, flags.immediateStrategyId].map((resourceName) =>
    stack.formatArn({ service: "appconfig", resource: "deploymentstrategy", resourceName }),
  );
  return {
    ...read,
    statements: [...read.statements, allow(WRITE_FLAGS, ...flagArns(resources), ...strategies)],
  };
}

function executionGrant({ stack, migrationMachineName }: Resources, actions: readonly string[]): Grant {
  const executions = stack.formatArn({
    service: "states",
    resource: "execution",
    resourceName: `${migrationMachineName}:*`,
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  });
  return {
    statements: [allow(actions, executions)],
    environment: {},
    wildcards: {
      [nagArn("states", `execution:${migrationMachineName}:*`)]:
        "Runs have names of their own; all are of this machine",
    },
  };
}
