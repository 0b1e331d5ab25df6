import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { CloudFormationClient, DescribeStacksCommand } from "@aws-sdk/client-cloudformation";
import { AppConfigClient } from "@aws-sdk/client-appconfig";
import { AppConfigDataClient } from "@aws-sdk/client-appconfigdata";
import { CloudWatchClient, PutMetricAlarmCommand, SetAlarmStateCommand } from "@aws-sdk/client-cloudwatch";
import { DynamoDBClient, GetItemCommand } from "@aws-sdk/client-dynamodb";
import {
  DescribeExecutionCommand,
  type DescribeExecutionCommandOutput,
  type ExecutionListItem,
  GetExecutionHistoryCommand,
  type HistoryEvent,
  ListExecutionsCommand,
  SFNClient,
  StartExecutionCommand,
} from "@aws-sdk/client-sfn";
import { SNSClient } from "@aws-sdk/client-sns";
import pg from "pg";
import { afterAll, beforeAll } from "vitest";
import { AppConfigFlags } from "../../adapters/appconfig/flags.ts";
import { DynamoRunRegistry } from "../../adapters/registry/run-registry.ts";
import { AppConfigSource } from "../../client/app-config-source.ts";
import { FlagClient } from "../../client/flag-client.ts";
import type { MigrationInput } from "../../core/migration/schema.ts";
import type { Phase } from "../../core/plan/phases.ts";
import type { OperatorCommand } from "../../core/run/operator/purpose.ts";
import type { LocalStack } from "../../local/stack.ts";
import { up } from "../../local/up.ts";
import { clientConfig, type ClientConfig } from "./emulator.ts";
import { pause } from "./flow.ts";
import { LatencyAlarm } from "./latency-alarm.ts";
import { OperatorInbox } from "./operator-inbox.ts";
import { Operator } from "./operator.ts";

/** Sluice as it is deployed, on this machine: the real stack, the real state machines, Lambdas and database. */
export interface DeployedStack {
  /** For single statements; several tests at once have one. */
  readonly client: Pick<pg.Pool, "query">;
  readonly connect: () => Promise<pg.Client>;
  readonly flags: AppConfigFlags;
  readonly registry: DynamoRunRegistry;
  readonly appConfig: AppConfigClient;
  /** What the operators were told. */
  readonly inbox: OperatorInbox;
  /** One output of the stack. */
  output(key: string): string;
  /** Starts a run as an operator does from the console; gives its execution's ARN. */
  start(migration: string, runId: string): Promise<string>;
  rollBack(runId: string): Promise<string>;
  undo(runId: string): Promise<string>;
  /** Waits for an execution's end. */
  ended(executionArn: string): Promise<DescribeExecutionCommandOutput>;
  /** Waits until the run registry has the run in this phase. @throws where the run ends without having been seen in it. */
  reaches(executionArn: string, phase: Phase): Promise<void>;
  /** Waits until the execution stands in this state. @throws where it ends without having been seen in it. */
  standsAt(executionArn: string, state: string): Promise<void>;
  /** Names of the states that an execution entered, in order. */
  states(executionArn: string): Promise<readonly string[]>;
  /** The rollbacks of a run, newest first. */
  rollbacks(runId: string): Promise<readonly ExecutionListItem[]>;
  setAlarm(name: string, state: "OK" | "ALARM" | "INSUFFICIENT_DATA"): Promise<void>;
  latencyAlarm(name: string): Promise<LatencyAlarm>;
  /** A client of the migration's flag as an application has it; not started yet. */
  flagClient(migration: string): FlagClient;
  operator(name: string): Promise<Operator>;
  /** The callback token that a run stands by with. */
  standbyToken(runId: string): Promise<string | undefined>;
  /** Runs `sluice` with these arguments against this stack. @returns its exit code and all that it said. */
  sluice(...args: readonly string[]): Promise<{ readonly code: number; readonly output: string }>;
}

const UP_TIMEOUT_MS = 300_000;
const POOL_SIZE = 4;
/** The emulator lets a client ask as often as it likes; AWS every 15 s. */
const FLAG_POLL_MS = 200;

/** Brings the stack up once for the file, with these migrations deployed. */
export function useDeployedStack(migrations: readonly MigrationInput[]): () => DeployedStack {
  let stack: LocalStack | undefined;
  let deployed: DeployedStack | undefined;
  let folder = "";
  const clients: (pg.Client | pg.Pool)[] = [];
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "sluice-e2e-"));
    const files = join(folder, "migrations");
    await mkdir(files);
    for (const migration of migrations) {
      await writeFile(join(files, `${migration.migration}.json`), JSON.stringify(migration));
    }
    stack = await up({ directory: join(folder, "stack"), migrations: files });
    deployed = await connect(stack, clients);
  }, UP_TIMEOUT_MS);
  afterAll(async () => {
    await deployed?.inbox.close();
    await Promise.all(clients.map((client) => client.end()));
    await stack?.stop();
    await rm(folder, { recursive: true, force: true });
  });
  return () => {
    if (!deployed) throw new Error("the stack is there only while a test runs");
    return deployed;
  };
}

async function connect(stack: LocalStack, clients: (pg.Client | pg.Pool)[]): Promise<DeployedStack> {
  const config = clientConfig(stack.state.environment["AWS_ENDPOINT_URL"] ?? "");
  const outputs = await outputsOf(config);
  const output = (key: string): string => {
    const value = outputs.get(key);
    if (value === undefined) throw new Error(`the stack has no output ${key}: ${[...outputs.keys()].join(", ")}`);
    return value;
  };
  const dynamoDb = new DynamoDBClient(config);
  const registry = new DynamoRunRegistry({ client: dynamoDb, tableName: output("RegistryTable") });
  const sns = new SNSClient(config);
  const pool = new pg.Pool({ connectionString: stack.connectionString, max: POOL_SIZE });
  clients.push(pool);
  const connectClient = async (): Promise<pg.Client> => {
    const client = new pg.Client({ connectionString: stack.connectionString });
    await client.connect();
    clients.push(client);
    return client;
  };
  return {
    ...executions({ sfn: new SFNClient(config), registry, output }),
    ...alarms(new CloudWatchClient(config)),
    ...flagAccess(config, output),
    client: pool,
    connect: connectClient,
    registry,
    inbox: await OperatorInbox.open(sns, output("OperatorTopicArn")),
    output,
    operator: (name) => Operator.create(name, config, (command) => output(FUNCTIONS[command])),
    standbyToken: async (runId) => {
      const { Item } = await dynamoDb.send(
        new GetItemCommand({
          TableName: output("RegistryTable"),
          Key: { id: { S: `callback#${runId}` } },
          ConsistentRead: true,
        }),
      );
      return Item?.["token"]?.S;
    },
    sluice: (...args) => sluice(stack, args),
  };
}

/** The outputs that name the functions which people call. */
const FUNCTIONS: Readonly<Record<OperatorCommand, string>> = {
  start: "StartFunction",
  approve: "ApproveFunction",
  reject: "RejectFunction",
  pause: "PauseFunction",
  resume: "ResumeFunction",
};

interface Executions {
  readonly sfn: SFNClient;
  readonly registry: DynamoRunRegistry;
  readonly output: (key: string) => string;
}

type ExecutionAccess = Pick<
  DeployedStack,
  "start" | "rollBack" | "undo" | "ended" | "reaches" | "standsAt" | "states" | "rollbacks"
>;

function executions({ sfn, registry, output }: Executions): ExecutionAccess {
  const describe = (executionArn: string): Promise<DescribeExecutionCommandOutput> =>
    sfn.send(new DescribeExecutionCommand({ executionArn }));
  const start = async (machine: string, input: object, name?: string): Promise<string> => {
    const command = new StartExecutionCommand({ stateMachineArn: output(machine), name, input: JSON.stringify(input) });
    return (await sfn.send(command)).executionArn ?? "";
  };
  /** Until `seen`; a run that has ended will not be seen any more. */
  const untilSeen = (executionArn: string, what: string, seen: () => Promise<boolean>): Promise<true> =>
    until(async () => {
      if (await seen()) return true;
      const { status, cause } = await describe(executionArn);
      if (status === "RUNNING") return undefined;
      throw new Error(`${executionArn} is ${String(status)} before ${what}: ${cause ?? ""}`);
    });
  return {
    start: (migration, runId) => start("MigrationStateMachineArn", { migration }, runId),
    rollBack: (runId) => start("RollbackStateMachineArn", { run: runId, reason: "a test asked for it" }),
    undo: (runId) => start("UndoStateMachineArn", { run: runId, reason: "a test asked for it" }),
    ended: (arn) =>
      until(async () => {
        const execution = await describe(arn);
        return execution.status === "RUNNING" ? undefined : execution;
      }),
    reaches: async (arn, phase) => {
      const runId = arn.split(":").at(-1) ?? "";
      await untilSeen(arn, phase, async () => (await registry.run(runId))?.phase === phase);
    },
    standsAt: async (arn, state) => {
      await untilSeen(arn, state, async () => (await newestStates(sfn, arn))[0] === state);
    },
    states: async (executionArn) => {
      const { events = [] } = await sfn.send(new GetExecutionHistoryCommand({ executionArn, maxResults: 1_000 }));
      return entered(events);
    },
    rollbacks: async (runId) => {
      const command = new ListExecutionsCommand({ stateMachineArn: output("RollbackStateMachineArn") });
      const { executions: all = [] } = await sfn.send(command);
      const name = `rollback-${runId}`;
      return all.filter((execution) => execution.name === name || execution.name?.startsWith(`${name}-`) === true);
    },
  };
}

async function newestStates(sfn: SFNClient, executionArn: string): Promise<readonly string[]> {
  const command = new GetExecutionHistoryCommand({ executionArn, reverseOrder: true, maxResults: 20 });
  return entered((await sfn.send(command)).events ?? []);
}

function entered(events: readonly HistoryEvent[]): readonly string[] {
  return events.flatMap(({ stateEnteredEventDetails }) => stateEnteredEventDetails?.name ?? []);
}

function alarms(cloudWatch: CloudWatchClient): Pick<DeployedStack, "setAlarm" | "latencyAlarm"> {
  return {
    setAlarm: async (AlarmName, StateValue) => {
      await cloudWatch.send(new PutMetricAlarmCommand({ AlarmName, ...ALARM }));
      await cloudWatch.send(new SetAlarmStateCommand({ AlarmName, StateValue, StateReason: "a test says so" }));
    },
    latencyAlarm: (name) => LatencyAlarm.create(cloudWatch, name),
  };
}

/** No metric feeds it: its state is what a test sets. */
const ALARM = {
  Namespace: "Test",
  MetricName: "Nothing",
  Statistic: "Sum",
  Period: 60,
  EvaluationPeriods: 1,
  Threshold: 1,
  ComparisonOperator: "GreaterThanThreshold",
} as const;

function flagAccess(
  config: ClientConfig,
  output: (key: string) => string,
): Pick<DeployedStack, "flags" | "appConfig" | "flagClient"> {
  const appConfig = new AppConfigClient(config);
  const data = new AppConfigDataClient(config);
  return {
    appConfig,
    flags: new AppConfigFlags({
      client: appConfig,
      applicationId: output("FlagApplication"),
      strategies: { stepwise: output("StrategyStepwise"), immediate: output("StrategyImmediate") },
    }),
    flagClient: (migration) => {
      const place = { application: output("FlagApplication"), environment: migration, profile: migration };
      const source = new AppConfigSource({ client: data, ...place });
      return new FlagClient({ migration, source, intervalMs: FLAG_POLL_MS });
    },
  };
}

async function sluice(stack: LocalStack, args: readonly string[]): Promise<{ code: number; output: string }> {
  const run = promisify(execFile)(process.execPath, ["bin/sluice.mjs", ...args], {
    env: { ...process.env, ...stack.state.environment, NO_COLOR: "1" },
  });
  return run.then(
    ({ stdout, stderr }) => ({ code: 0, output: stdout + stderr }),
    (error: unknown) => {
      const { code, stdout, stderr } = error as { code: unknown; stdout: string; stderr: string };
      if (typeof code !== "number") throw error;
      return { code, output: stdout + stderr };
    },
  );
}

async function outputsOf(config: ClientConfig): Promise<ReadonlyMap<string, string>> {
  const { Stacks = [] } = await new CloudFormationClient(config).send(
    new DescribeStacksCommand({ StackName: "Sluice" }),
  );
  return new Map(Stacks[0]?.Outputs?.map(({ OutputKey = "", OutputValue = "" }) => [OutputKey, OutputValue]));
}

const POLL_MS = 100;
const PATIENCE_MS = 170_000;

/** Looks until something is found. */
export async function until<T>(look: () => Promise<T | undefined>): Promise<T> {
  const end = Date.now() + PATIENCE_MS;
  while (Date.now() < end) {
    const found = await look();
    if (found !== undefined) return found;
    await pause(POLL_MS);
  }
  throw new Error(`nothing came of it in ${String(PATIENCE_MS / 1_000)} s`);
}
