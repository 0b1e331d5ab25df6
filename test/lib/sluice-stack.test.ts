import { App, Stack } from "aws-cdk-lib";
import { Match, Template } from "aws-cdk-lib/assertions";
import { Bucket } from "aws-cdk-lib/aws-s3";
import { describe, expect, it } from "vitest";
import { readConfig } from "../../lib/config.ts";
import { FlagStore } from "../../lib/flag-store.ts";
import { ALARM_HANDLER, COMMAND_HANDLERS, HANDLERS } from "../../lib/handlers.ts";
import { readMigrations } from "../../lib/migrations.ts";
import { operatorWatches } from "../../lib/operator-watches.ts";
import { addSluice } from "../../lib/sluice-app.ts";
import { CLUSTER, CONFIG, SECRET, synthesized, WITHOUT_BUNDLING } from "./synthesized.ts";

const template = synthesized();
const disposable = synthesized({ retain: false, stateMachineVersions: false });

const environmentOf = (file: string, from = template) => {
  const [found] = Object.values(
    from.findResources("AWS::Lambda::Function", { Properties: { Description: `Sluice: ${file}` } }),
  ) as { Properties: { Environment: { Variables: Record<string, unknown> } } }[];
  return found?.Properties.Environment.Variables ?? {};
};

describe("the handlers", () => {
  it("are Node.js 22 on arm64 with source maps, traces and a log group of their own that forgets", () => {
    template.resourceCountIs("AWS::Lambda::Function", [...HANDLERS, ALARM_HANDLER, ...COMMAND_HANDLERS].length);
    template.allResourcesProperties("AWS::Lambda::Function", {
      Runtime: "nodejs22.x",
      Architectures: ["arm64"],
      Handler: "index.handler",
      TracingConfig: { Mode: "Active" },
      LoggingConfig: { LogGroup: Match.anyValue() },
      Environment: { Variables: Match.objectLike({ NODE_OPTIONS: "--enable-source-maps" }) },
    });
    template.allResourcesProperties("AWS::Logs::LogGroup", { RetentionInDays: 90 });
  });

  it("know where their own things are and nothing else", () => {
    const sluice = (file: string) =>
      Object.keys(environmentOf(file))
        .filter((key) => key.startsWith("SLUICE_"))
        .sort();
    expect(sluice("stop-run")).toEqual([]);
    expect(sluice("claim-rollback")).toEqual(["SLUICE_REGISTRY_TABLE"]);
    expect(sluice("return-traffic")).toEqual([
      "SLUICE_ALARM_ARN_PREFIX",
      "SLUICE_FLAG_APPLICATION",
      "SLUICE_MONITOR_ROLE_ARN",
      "SLUICE_STRATEGY_IMMEDIATE",
      "SLUICE_STRATEGY_STEPWISE",
    ]);
    expect(sluice("report")).toEqual([
      "SLUICE_DATABASES",
      "SLUICE_PLAN_BUCKET",
      "SLUICE_REGISTRY_TABLE",
      "SLUICE_TOPIC_ARN",
    ]);
    expect(sluice("on-alarm")).toEqual(["SLUICE_REGISTRY_TABLE", "SLUICE_ROLLBACK_MACHINE_ARN", "SLUICE_TOPIC_ARN"]);
    expect(sluice("start")).toEqual(["SLUICE_MIGRATION_MACHINE_ARN", "SLUICE_REGISTRY_TABLE"]);
    expect(sluice("approve")).toEqual(["SLUICE_REGISTRY_TABLE"]);
    expect(environmentOf("preflight")).toMatchObject({ SLUICE_MIGRATIONS: "migrations" });
  });

  it("know the databases by ARN, without the key of the secret", () => {
    const secretKmsKeyArn = "arn:aws:kms:eu-west-1:111122223333:key/0d1e2f";
    const place = { clusterArn: CLUSTER, secretArn: SECRET, database: "crm" };
    const other = synthesized({ databases: { crm: { ...place, secretKmsKeyArn } } });
    expect(JSON.parse(environmentOf("expand", other)["SLUICE_DATABASES"] as string)).toEqual({ crm: place });
  });

  it("find the Data API elsewhere only where the configuration says so", () => {
    const local = synthesized({ endpoints: { rdsData: "http://127.0.0.1:9" } });
    expect(environmentOf("backfill", local)).toMatchObject({ AWS_ENDPOINT_URL_RDS_DATA: "http://127.0.0.1:9" });
    expect(environmentOf("backfill")).not.toHaveProperty("AWS_ENDPOINT_URL_RDS_DATA");
  });
});

describe("what is stored", () => {
  it("is a run registry by id, encrypted, recoverable, expiring, and protected from deletion", () => {
    template.hasResource("AWS::DynamoDB::Table", {
      DeletionPolicy: "Retain",
      UpdateReplacePolicy: "Retain",
      Properties: {
        KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
        BillingMode: "PAY_PER_REQUEST",
        SSESpecification: { SSEEnabled: true },
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
        TimeToLiveSpecification: { AttributeName: "expiresAt", Enabled: true },
        DeletionProtectionEnabled: true,
      },
    });
  });

  it("is a private, encrypted, versioned bucket that takes TLS only", () => {
    template.hasResource("AWS::S3::Bucket", {
      DeletionPolicy: "Retain",
      Properties: {
        BucketEncryption: Match.anyValue(),
        VersioningConfiguration: { Status: "Enabled" },
        PublicAccessBlockConfiguration: {
          BlockPublicAcls: true,
          BlockPublicPolicy: true,
          IgnorePublicAcls: true,
          RestrictPublicBuckets: true,
        },
      },
    });
    template.hasResourceProperties("AWS::S3::BucketPolicy", {
      PolicyDocument: { Statement: Match.arrayWith([refusesPlainText("s3:*")]) },
    });
  });

  it("goes with the stack where the configuration says that nobody will miss it", () => {
    disposable.hasResource("AWS::DynamoDB::Table", { DeletionPolicy: "Delete" });
    disposable.hasResourceProperties("AWS::DynamoDB::Table", { DeletionProtectionEnabled: false });
    disposable.hasResource("AWS::S3::Bucket", { DeletionPolicy: "Delete" });
    disposable.hasResource("AWS::AppConfig::ConfigurationProfile", { DeletionPolicy: "Delete" });
  });
});

const refusesPlainText = (action: string) =>
  Match.objectLike({ Action: action, Effect: "Deny", Condition: { Bool: { "aws:SecureTransport": "false" } } });

describe("the flags", () => {
  it("are an environment and a feature-flag profile a migration, both of its name, that outlive its file", () => {
    const name = "contact-acquisition-channel";
    template.hasResource("AWS::AppConfig::Environment", { DeletionPolicy: "Retain", Properties: { Name: name } });
    template.hasResource("AWS::AppConfig::ConfigurationProfile", {
      DeletionPolicy: "Retain",
      Properties: { Name: name, LocationUri: "hosted", Type: "AWS.AppConfig.FeatureFlags" },
    });
  });

  it("have no alarm monitors in the template: a cutover arms them, and a rollback must find them gone", () => {
    template.allResourcesProperties("AWS::AppConfig::Environment", { Monitors: Match.absent() });
  });

  it("take as much of a description as AppConfig does", () => {
    const [migration] = readMigrations(readConfig(CONFIG)).map((file) => file.migration);
    const stack = new Stack();
    new FlagStore(stack, "Flags", {
      migrations: [{ ...migration!, description: "d".repeat(2_000) }],
      bakeMinutes: 5,
      retain: true,
    });
    const described = { Description: "d".repeat(1_024) };
    Template.fromStack(stack).hasResourceProperties("AWS::AppConfig::Environment", described);
    Template.fromStack(stack).hasResourceProperties("AWS::AppConfig::ConfigurationProfile", described);
  });

  it("have no content in the template, so that a deploy cannot move traffic", () => {
    template.resourceCountIs("AWS::AppConfig::HostedConfigurationVersion", 0);
    template.resourceCountIs("AWS::AppConfig::Deployment", 0);
  });

  it.each([
    ["Sluice-stepwise", 5],
    ["Sluice-immediate", 0],
  ])("go to everybody at once, and a step of a cutover bakes, but not the way back: %s", (Name, bake) => {
    template.hasResourceProperties("AWS::AppConfig::DeploymentStrategy", {
      Name,
      DeploymentDurationInMinutes: 0,
      GrowthFactor: 100,
      FinalBakeTimeInMinutes: bake,
      ReplicateTo: "NONE",
    });
  });

  it("bake for as long as the configuration says", () => {
    synthesized({ flagBakeMinutes: 0 }).allResourcesProperties("AWS::AppConfig::DeploymentStrategy", {
      FinalBakeTimeInMinutes: 0,
    });
  });
});

describe("an alarm that fires", () => {
  it("is told to the handler by EventBridge, whichever it is, and again where that fails", () => {
    template.hasResourceProperties("AWS::Events::Rule", {
      EventPattern: {
        source: ["aws.cloudwatch"],
        "detail-type": ["CloudWatch Alarm State Change"],
        detail: { state: { value: ["ALARM"] } },
      },
      Targets: [
        Match.objectLike({
          Arn: { "Fn::GetAtt": [Match.stringLikeRegexp("^StepsOnAlarmFunction"), "Arn"] },
          DeadLetterConfig: { Arn: { "Fn::GetAtt": [Match.stringLikeRegexp("^AlarmRuleLostEvents"), "Arn"] } },
          RetryPolicy: { MaximumEventAgeInSeconds: 3_600, MaximumRetryAttempts: 185 },
        }),
      ],
    });
    template.hasResourceProperties("AWS::Lambda::EventInvokeConfig", {
      MaximumRetryAttempts: 2,
      MaximumEventAgeInSeconds: 3_600,
      DestinationConfig: {
        OnFailure: { Destination: { "Fn::GetAtt": [Match.stringLikeRegexp("^AlarmRuleLostEvents"), "Arn"] } },
      },
    });
  });

  it("may call the handler by that rule and by no other", () => {
    template.resourceCountIs("AWS::Lambda::Permission", 1);
    template.hasResourceProperties("AWS::Lambda::Permission", {
      Principal: "events.amazonaws.com",
      SourceArn: { "Fn::GetAtt": [Match.stringLikeRegexp("^AlarmRule"), "Arn"] },
    });
  });

  it("is lost into a queue that is encrypted, takes TLS only, and keeps it for a fortnight", () => {
    template.hasResource("AWS::SQS::Queue", {
      DeletionPolicy: "Retain",
      Properties: { SqsManagedSseEnabled: true, MessageRetentionPeriod: 1_209_600 },
    });
    template.hasResourceProperties("AWS::SQS::QueuePolicy", {
      PolicyDocument: {
        Statement: Match.arrayWith([
          refusesPlainText("sqs:*"),
          Match.objectLike({
            Action: "sqs:SendMessage",
            Effect: "Allow",
            Principal: { Service: "events.amazonaws.com" },
          }),
        ]),
      },
    });
  });
});

describe("the operators", () => {
  it("hear through an encrypted topic that takes TLS only and lets CloudWatch in", () => {
    template.hasResourceProperties("AWS::SNS::Topic", { KmsMasterKeyId: Match.anyValue() });
    template.hasResourceProperties("AWS::KMS::Key", { EnableKeyRotation: true });
    template.hasResourceProperties("AWS::SNS::TopicPolicy", {
      PolicyDocument: {
        Statement: Match.arrayWith([
          refusesPlainText("sns:Publish"),
          Match.objectLike({ Effect: "Allow", Principal: { Service: "cloudwatch.amazonaws.com" } }),
        ]),
      },
    });
  });

  it("are mailed where the configuration names them", () => {
    synthesized({ operatorEmails: ["crm@example.com"] }).hasResourceProperties("AWS::SNS::Subscription", {
      Protocol: "email",
      Endpoint: "crm@example.com",
    });
  });

  it("are woken by every alarm, and by none while nothing runs", () => {
    template.allResourcesProperties("AWS::CloudWatch::Alarm", {
      AlarmActions: [{ Ref: Match.stringLikeRegexp("^OperatorTopic") }],
      TreatMissingData: "notBreaching",
      AlarmDescription: Match.anyValue(),
    });
  });

  it.each([
    ["migration-failed", "ExecutionsFailed"],
    ["migration-timed-out", "ExecutionsTimedOut"],
    ["rollback-started", "ExecutionsStarted"],
    ["rollback-failed", "ExecutionsFailed"],
    ["rollback-timed-out", "ExecutionsTimedOut"],
    ["rollback-aborted", "ExecutionsAborted"],
    ["undo-failed", "ExecutionsFailed"],
    ["alarm-handler-failed", "Errors"],
    ["alarm-events-lost", "ApproximateNumberOfMessagesVisible"],
    ["step-errors-Backfill", "Errors"],
    ["command-errors-Approve", "Errors"],
    ["lambda-throttled", "Throttles"],
  ])("have the alarm %s on %s", (name, MetricName) => {
    template.hasResourceProperties("AWS::CloudWatch::Alarm", { AlarmName: `Sluice-${name}`, MetricName });
  });

  it("read in each alarm what it means and what to press, as the runbook has it", () => {
    const alarms = Object.values(template.findResources("AWS::CloudWatch::Alarm")) as {
      Properties: { AlarmName: string; AlarmDescription: string };
    }[];
    const kind = (name: string) => name.replace(/<\w+>$/, "");
    const unknown = alarms.filter(
      ({ Properties }) =>
        !operatorWatches.some(
          ({ name, means, press }) =>
            Properties.AlarmName.startsWith(`Sluice-${kind(name)}`) &&
            Properties.AlarmDescription.endsWith(`${means} ${press}`),
        ),
    );
    expect(unknown).toEqual([]);
    const silent = operatorWatches.filter(
      ({ name }) => !alarms.some(({ Properties }) => Properties.AlarmName.startsWith(`Sluice-${kind(name)}`)),
    );
    expect(silent).toEqual([]);
    expect(Math.max(...alarms.map(({ Properties }) => Properties.AlarmDescription.length))).toBeLessThanOrEqual(1_024);
  });

  it("find what to look up among the outputs", () => {
    expect(Object.keys(template.findOutputs("*")).sort()).toEqual([
      "ApproveFunction",
      "DashboardName",
      "FlagApplication",
      "MigrationAliasArn",
      "MigrationStateMachineArn",
      "OperatorTopicArn",
      "PauseFunction",
      "PlanBucket",
      "RegistryTable",
      "RejectFunction",
      "ResumeFunction",
      "RollbackStateMachineArn",
      "StartFunction",
      "StrategyImmediate",
      "StrategyStepwise",
      "UndoStateMachineArn",
    ]);
  });
});

describe("the state machines", () => {
  it("are Standard, traced, and log every event without its data", () => {
    template.allResourcesProperties("AWS::StepFunctions::StateMachine", {
      StateMachineType: "STANDARD",
      TracingConfiguration: { Enabled: true },
      LoggingConfiguration: Match.objectLike({ Level: "ALL", IncludeExecutionData: false }),
    });
  });

  it("call integrations in the partition of the stack", () => {
    template.hasResourceProperties("AWS::StepFunctions::StateMachine", {
      StateMachineName: Match.stringLikeRegexp("migration$"),
      DefinitionSubstitutions: Match.objectLike({ Partition: { Ref: "AWS::Partition" } }),
    });
  });

  it("are published as versions that stay for their runs", () => {
    template.hasResource("AWS::StepFunctions::StateMachineVersion", {
      DeletionPolicy: "RetainExceptOnCreate",
      UpdateReplacePolicy: "Retain",
    });
    template.resourceCountIs("AWS::StepFunctions::StateMachineAlias", 3);
    disposable.resourceCountIs("AWS::StepFunctions::StateMachineVersion", 0);
    expect(Object.keys(disposable.findOutputs("*"))).not.toContain("MigrationAliasArn");
  });
});

describe("cdk-nag", () => {
  const context = { ...WITHOUT_BUNDLING, sluice: CONFIG };

  it("finds nothing that is not acknowledged with a reason", () => {
    const app = new App({ context });
    addSluice(app);
    expect(() => app.synth()).not.toThrow();
  });

  it("fails the synth for anything else", () => {
    const app = new App({ context });
    new Bucket(addSluice(app), "Careless");
    expect(() => app.synth()).toThrow();
  });
});
