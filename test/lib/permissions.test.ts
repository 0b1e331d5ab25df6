import { describe, expect, it } from "vitest";
import { ALARM_HANDLER, COMMAND_HANDLERS, HANDLERS, pascalCase } from "../../lib/handlers.ts";
import { CLUSTER, list, SECRET, type Statement, statements, synthesized } from "./synthesized.ts";

const ALL = [...HANDLERS, ALARM_HANDLER, ...COMMAND_HANDLERS];
const template = synthesized();

const ofHandler = (file: string) => statements(template, new RegExp(`^Steps${pascalCase(file)}Role`));
const allowing = (file: string, action: string) =>
  ofHandler(file).filter(({ Action }) => list(Action).includes(action));
const resources = (found: readonly Statement[]) => found.flatMap(({ Resource }) => list(Resource));

const OWN = ["logs:CreateLogStream", "logs:PutLogEvents", "xray:PutTelemetryRecords", "xray:PutTraceSegments"];
const DATABASE = [
  "rds-data:BeginTransaction",
  "rds-data:CommitTransaction",
  "rds-data:ExecuteStatement",
  "rds-data:RollbackTransaction",
  "secretsmanager:GetSecretValue",
];
const CONTROL = ["dynamodb:GetItem"];
const REGISTRY_WRITE = [...CONTROL, "dynamodb:DeleteItem", "dynamodb:PutItem", "dynamodb:UpdateItem"];
const PLANS = ["s3:GetObject", "s3:ListBucket"];
const ALARMS = ["cloudwatch:DescribeAlarms"];
const METRICS = ["cloudwatch:GetMetricData"];
const CALLBACKS = ["dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "states:SendTaskSuccess"];
const FLAGS = [
  "appconfig:GetDeployment",
  "appconfig:GetHostedConfigurationVersion",
  "appconfig:ListConfigurationProfiles",
  "appconfig:ListDeployments",
  "appconfig:ListEnvironments",
];
const FLAGS_WRITE = [
  ...FLAGS,
  "appconfig:CreateHostedConfigurationVersion",
  "appconfig:StartDeployment",
  "appconfig:StopDeployment",
  "appconfig:GetEnvironment",
  "appconfig:UpdateEnvironment",
  "iam:PassRole",
];
const OPERATORS = ["kms:Decrypt", "kms:GenerateDataKey", "sns:Publish"];

const EXPECTED: Readonly<Record<(typeof ALL)[number]["file"], readonly string[]>> = {
  preflight: [
    ...DATABASE,
    ...REGISTRY_WRITE,
    ...PLANS,
    "s3:PutObject",
    ...FLAGS,
    ...ALARMS,
    ...METRICS,
    "states:DescribeExecution",
  ],
  gate: [...DATABASE, ...REGISTRY_WRITE, ...PLANS, ...ALARMS, ...METRICS, ...OPERATORS],
  "wait-for-callback": [...DATABASE, ...REGISTRY_WRITE, ...PLANS, ...CALLBACKS],
  expand: [...DATABASE, ...REGISTRY_WRITE, ...PLANS],
  shards: [...DATABASE, ...REGISTRY_WRITE, ...PLANS],
  backfill: [...DATABASE, ...CONTROL, ...PLANS],
  indexes: [...DATABASE, ...CONTROL, ...PLANS],
  validate: [...DATABASE, ...CONTROL, ...PLANS],
  "validation-result": [...DATABASE, ...CONTROL, ...PLANS],
  cutover: [...DATABASE, ...REGISTRY_WRITE, ...PLANS, ...FLAGS_WRITE],
  soak: [...DATABASE, ...REGISTRY_WRITE, ...PLANS, ...ALARMS],
  cooling: [...DATABASE, ...REGISTRY_WRITE, ...PLANS, ...ALARMS],
  "claim-contract": [...DATABASE, ...REGISTRY_WRITE, ...PLANS, ...FLAGS],
  contract: [...DATABASE, ...CONTROL, ...PLANS, ...FLAGS],
  report: [...DATABASE, ...REGISTRY_WRITE, ...PLANS, ...OPERATORS],
  "roll-back-again": ["states:StartExecution", "states:DescribeExecution"],
  "claim-rollback": REGISTRY_WRITE,
  "stop-run": ["states:DescribeExecution", "states:StopExecution"],
  "return-traffic": FLAGS_WRITE,
  "record-rollback": [...DATABASE, ...REGISTRY_WRITE, ...OPERATORS],
  "claim-undo": [...DATABASE, ...REGISTRY_WRITE, ...FLAGS],
  undo: [...DATABASE, ...CONTROL, ...PLANS, ...FLAGS],
  "record-undo": [...DATABASE, ...REGISTRY_WRITE, ...OPERATORS],
  "on-alarm": [
    ...CONTROL,
    "dynamodb:Scan",
    "states:StartExecution",
    "states:DescribeExecution",
    ...OPERATORS,
    // To the queue of what it failed on.
    "sqs:GetQueueAttributes",
    "sqs:GetQueueUrl",
    "sqs:SendMessage",
  ],
  start: [...REGISTRY_WRITE, "states:StartExecution"],
  approve: [...REGISTRY_WRITE, ...CALLBACKS],
  reject: [...REGISTRY_WRITE, ...CALLBACKS],
  pause: REGISTRY_WRITE,
  resume: [...REGISTRY_WRITE, ...CALLBACKS],
};

describe("a handler's role", () => {
  it.each(ALL.map(({ file }) => file))("of %s allows its own actions and no other", (file) => {
    const actions = ofHandler(file).flatMap(({ Action }) => list(Action));
    expect([...new Set(actions)].sort()).toEqual([...new Set([...OWN, ...EXPECTED[file]])].sort());
  });

  it.each(ALL.map(({ file }) => file))("of %s names every resource that can be named", (file) => {
    const everywhere = ofHandler(file).filter(({ Resource }) => list(Resource).includes("*"));
    const unnameable = /^(xray:Put(TelemetryRecords|TraceSegments)|cloudwatch:(DescribeAlarms|GetMetricData))$/;
    expect(everywhere.flatMap(({ Action }) => list(Action)).filter((action) => !unnameable.test(action))).toEqual([]);
  });

  it("reaches the configured database and its secret, and no other", () => {
    expect(resources(allowing("backfill", "rds-data:ExecuteStatement"))).toEqual([CLUSTER]);
    expect(resources(allowing("backfill", "secretsmanager:GetSecretValue"))).toEqual([SECRET]);
  });

  it("decrypts with the secret's key only where the configuration names one", () => {
    const secretKmsKeyArn = "arn:aws:kms:eu-west-1:111122223333:key/0d1e2f";
    const other = synthesized({
      databases: { crm: { clusterArn: CLUSTER, secretArn: SECRET, database: "crm", secretKmsKeyArn } },
    });
    const decrypting = statements(other, /^StepsExpandRole/).filter(({ Action }) => Action === "kms:Decrypt");
    expect(resources(decrypting)).toEqual([secretKmsKeyArn]);
  });

  it("of stop-run stops executions of the migration machine only", () => {
    expect(JSON.stringify(resources(allowing("stop-run", "states:StopExecution")))).toContain(
      ":execution:Sluice-migration:*",
    );
  });

  it.each([
    ["approve", "states:SendTaskSuccess", ":stateMachine:Sluice-migration"],
    ["start", "states:StartExecution", ":stateMachine:Sluice-migration:live"],
    ["on-alarm", "states:StartExecution", ":stateMachine:Sluice-rollback"],
    ["on-alarm", "states:DescribeExecution", ":execution:Sluice-rollback:*"],
  ])("of %s may %s of one machine", (file, action, resource) => {
    expect(JSON.stringify(resources(allowing(file, action)))).toContain(`${resource}"`);
  });

  it("of start starts the machine itself where no versions are published", () => {
    const other = synthesized({ stateMachineVersions: false });
    const starting = statements(other, /^StepsStartRole/).filter(({ Action }) => Action === "states:StartExecution");
    expect(JSON.stringify(resources(starting))).not.toContain("live");
  });

  it("of whoever deploys a flag hands AppConfig the role that reads alarms, and nobody another", () => {
    const passing = allowing("cutover", "iam:PassRole");
    expect(JSON.stringify(resources(passing))).toMatch(/^\[{"Fn::GetAtt":\["MonitorRole\w+","Arn"\]}\]$/);
    expect(passing.map(({ Condition }) => Condition)).toEqual([
      { StringEquals: { "iam:PassedToService": "appconfig.amazonaws.com" } },
    ]);
  });

  it("has no managed policy, since the basic one may write to every log group", () => {
    const roles = Object.values(template.findResources("AWS::IAM::Role"));
    expect(roles.filter((role) => "ManagedPolicyArns" in (role["Properties"] as object))).toEqual([]);
  });
});

describe("a state machine's role", () => {
  const ofMachine = (name: string) => statements(template, new RegExp(`^${name}StateMachineRole`));
  const invoked = (name: string) =>
    resources(ofMachine(name).filter(({ Action }) => Action === "lambda:InvokeFunction")).map(
      (resource) => (resource as { "Fn::GetAtt": [string, string] })["Fn::GetAtt"][0],
    );

  it("invokes the steps of its own definition only", () => {
    const steps = ["ClaimRollback", "StopRun", "ReturnTraffic", "RecordRollback"];
    expect(invoked("Rollback").map((id) => id.replace(/^Steps(.*)Function.*$/, "$1"))).toEqual(steps);
    const undo = ["ClaimUndo", "Undo", "RecordUndo"];
    expect(invoked("Undo").map((id) => id.replace(/^Steps(.*)Function.*$/, "$1"))).toEqual(undo);
    expect(invoked("Migration")).toHaveLength(HANDLERS.length - steps.length - undo.length);
    expect(invoked("Migration").join()).toContain("StepsWaitForCallbackFunction");
  });

  it("of the migration starts the rollback, and children of its own Map states", () => {
    const started = JSON.stringify(
      resources(ofMachine("Migration").filter(({ Action }) => Action === "states:StartExecution")),
    );
    expect(started).toContain('{"Ref":"RollbackStateMachine');
    expect(started).toContain(":stateMachine:Sluice-migration");
    expect(ofMachine("Rollback").filter(({ Action }) => Action === "states:StartExecution")).toEqual([]);
  });
});

describe("the role of AppConfig's monitors", () => {
  it("is AppConfig's alone, for this account, and reads alarms", () => {
    template.hasResourceProperties("AWS::IAM::Role", {
      AssumeRolePolicyDocument: {
        Statement: [
          {
            Action: "sts:AssumeRole",
            Effect: "Allow",
            Principal: { Service: "appconfig.amazonaws.com" },
            Condition: { StringEqualsIfExists: { "aws:SourceAccount": { Ref: "AWS::AccountId" } } },
          },
        ],
      },
    });
    expect(statements(template, /^MonitorRole/)).toMatchObject([
      { Action: "cloudwatch:DescribeAlarms", Resource: "*" },
    ]);
  });
});
