import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CloudFormationClient, DescribeStacksCommand } from "@aws-sdk/client-cloudformation";
import { AppConfigClient } from "@aws-sdk/client-appconfig";
import { CloudWatchClient, PutMetricAlarmCommand, SetAlarmStateCommand } from "@aws-sdk/client-cloudwatch";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import {
  DescribeExecutionCommand,
  type DescribeExecutionCommandOutput,
  GetExecutionHistoryCommand,
  type HistoryEvent,
  SFNClient,
  StartExecutionCommand,
} from "@aws-sdk/client-sfn";
import pg from "pg";
import { afterAll, beforeAll } from "vitest";
import { AppConfigFlags } from "../../adapters/appconfig/flags.ts";
import { DynamoControl } from "../../adapters/control/control.ts";
import type { MigrationInput } from "../../core/migration/schema.ts";
import type { Phase } from "../../core/plan/phases.ts";
import type { LocalStack } from "../../local/stack.ts";
import { up } from "../../local/up.ts";
import { clientConfig, type ClientConfig } from "./emulator.ts";
import { pause } from "./flow.ts";

/** Sluice as it is deployed, on this machine: the real stack, the real state machines, Lambdas and database. */
export interface DeployedStack {
  readonly client: pg.Client;
  readonly connect: () => Promise<pg.Client>;
  readonly flags: AppConfigFlags;
  readonly control: DynamoControl;
  /** Starts a run as an operator does from the console; gives its execution's ARN. */
  start(migration: string, runId: string): Promise<string>;
  rollBack(runId: string): Promise<string>;
  /** Waits for an execution's end. */
  ended(executionArn: string): Promise<DescribeExecutionCommandOutput>;
  /** Waits until control has the run in this phase. @throws where the run ends without having been seen in it. */
  reaches(executionArn: string, phase: Phase): Promise<void>;
  /** Names of the states that an execution entered, in order. */
  states(executionArn: string): Promise<readonly string[]>;
  setAlarm(name: string, state: "OK" | "ALARM" | "INSUFFICIENT_DATA"): Promise<void>;
}

const UP_TIMEOUT_MS = 300_000;

/** Brings the stack up once for the file, with these migrations deployed. */
export function useDeployedStack(migrations: readonly MigrationInput[]): () => DeployedStack {
  let stack: LocalStack | undefined;
  let deployed: DeployedStack | undefined;
  let folder = "";
  const clients: pg.Client[] = [];
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "sluice-e2e-"));
    for (const migration of migrations) {
      await writeFile(join(folder, `${migration.migration}.json`), JSON.stringify(migration));
    }
    stack = await up({ directory: join(folder, "stack"), migrations: folder });
    deployed = await connect(stack, clients);
  }, UP_TIMEOUT_MS);
  afterAll(async () => {
    await Promise.all(clients.map((client) => client.end()));
    await stack?.stop();
    await rm(folder, { recursive: true, force: true });
  });
  return () => {
    if (!deployed) throw new Error("the stack is there only while a test runs");
    return deployed;
  };
}

async function connect(stack: LocalStack, clients: pg.Client[]): Promise<DeployedStack> {
  const config = clientConfig(stack.state.environment["AWS_ENDPOINT_URL"] ?? "");
  const outputs = await outputsOf(config);
  const output = (key: string): string => outputs.get(key) ?? "";
  const control = new DynamoControl({ client: new DynamoDBClient(config), tableName: output("ControlTable") });
  const sfn = new SFNClient(config);
  const cloudWatch = new CloudWatchClient(config);
  const describe = (executionArn: string): Promise<DescribeExecutionCommandOutput> =>
    sfn.send(new DescribeExecutionCommand({ executionArn }));
  const start = async (machine: string, input: object, name?: string): Promise<string> => {
    const command = new StartExecutionCommand({ stateMachineArn: output(machine), name, input: JSON.stringify(input) });
    return (await sfn.send(command)).executionArn ?? "";
  };
  const connectClient = async (): Promise<pg.Client> => {
    const client = new pg.Client({ connectionString: stack.connectionString });
    await client.connect();
    clients.push(client);
    return client;
  };
  return {
    client: await connectClient(),
    connect: connectClient,
    control,
    flags: new AppConfigFlags({
      client: new AppConfigClient(config),
      applicationId: output("FlagApplication"),
      strategies: { stepwise: output("StrategyStepwise"), immediate: output("StrategyImmediate") },
    }),
    start: (migration, runId) => start("MigrationStateMachineArn", { migration }, runId),
    rollBack: (runId) => start("RollbackStateMachineArn", { run: runId, reason: "a test asked for it" }),
    ended: (arn) =>
      until(async () => {
        const execution = await describe(arn);
        return execution.status === "RUNNING" ? undefined : execution;
      }),
    reaches: async (arn, phase) => {
      const runId = arn.split(":").at(-1) ?? "";
      await until(async () => {
        const record = await control.run(runId);
        if (record?.phase === phase) return true;
        const { status, cause } = await describe(arn);
        if (status !== "RUNNING") throw new Error(`run ${runId} is ${String(status)} before ${phase}: ${cause ?? ""}`);
        return undefined;
      });
    },
    states: async (executionArn) => {
      const { events = [] } = await sfn.send(new GetExecutionHistoryCommand({ executionArn, maxResults: 1_000 }));
      return events.flatMap(({ stateEnteredEventDetails }: HistoryEvent) => stateEnteredEventDetails?.name ?? []);
    },
    setAlarm: async (AlarmName, StateValue) => {
      await cloudWatch.send(new PutMetricAlarmCommand({ AlarmName, ...ALARM }));
      await cloudWatch.send(new SetAlarmStateCommand({ AlarmName, StateValue, StateReason: "a test says so" }));
    },
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

async function outputsOf(config: ClientConfig): Promise<ReadonlyMap<string, string>> {
  const { Stacks = [] } = await new CloudFormationClient(config).send(
    new DescribeStacksCommand({ StackName: "Sluice" }),
  );
  return new Map(Stacks[0]?.Outputs?.map(({ OutputKey = "", OutputValue = "" }) => [OutputKey, OutputValue]));
}

const POLL_MS = 100;
const PATIENCE_MS = 170_000;

async function until<T>(look: () => Promise<T | undefined>): Promise<T> {
  const end = Date.now() + PATIENCE_MS;
  while (Date.now() < end) {
    const found = await look();
    if (found !== undefined) return found;
    await pause(POLL_MS);
  }
  throw new Error(`nothing came of it in ${String(PATIENCE_MS / 1_000)} s`);
}
