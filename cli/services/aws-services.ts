/** The one place where the command line is wired to AWS, or to the local stack that stands in for it. */
import { CloudFormationClient } from "@aws-sdk/client-cloudformation";
import { AppConfigClient } from "@aws-sdk/client-appconfig";
import { CloudWatchClient } from "@aws-sdk/client-cloudwatch";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { LambdaClient } from "@aws-sdk/client-lambda";
import { SFNClient } from "@aws-sdk/client-sfn";
import { STSClient } from "@aws-sdk/client-sts";
import { AppConfigFlags } from "../../adapters/appconfig/flags.ts";
import { proveCaller } from "../../adapters/callers.ts";
import { CloudWatchAlarms } from "../../adapters/cloudwatch/alarms.ts";
import { CloudWatchMetrics } from "../../adapters/cloudwatch/metrics.ts";
import { DynamoApprovals } from "../../adapters/registry/approvals.ts";
import { DynamoRunRegistry } from "../../adapters/registry/run-registry.ts";
import { dataApiClient } from "../../adapters/data-api/data-api-client.ts";
import { DataApiDatabase } from "../../adapters/data-api/data-api-database.ts";
import { readProgress } from "../../core/run/shards/progress.ts";
import { callerName } from "./caller.ts";
import { runCdk } from "./cdk.ts";
import { configuration, databaseNamed } from "./configuration.ts";
import { LambdaFunctions } from "./functions.ts";
import type { Services, StackOutputs } from "./services.ts";
import { stackOutputs } from "./stack-outputs.ts";
import { StepFunctionsConsole } from "./state-machines.ts";

export interface AwsServicesProps {
  /** The process's own: the SDK reads its credentials, region and endpoints there. */
  readonly environment: NodeJS.ProcessEnv;
  /** @default the key `sluice` of cdk.json */
  readonly configFile?: string | undefined;
}

const STACK = "Sluice";

export function awsServices({ environment, configFile }: AwsServicesProps): Services {
  let outputs: Promise<StackOutputs> | undefined;
  const stack = (): Promise<StackOutputs> =>
    (outputs ??= stackOutputs(new CloudFormationClient({}), environment["SLUICE_STACK"] ?? STACK));
  let machines: StepFunctionsConsole | undefined;
  return {
    stack,
    registry: async () =>
      new DynamoRunRegistry({ client: new DynamoDBClient({}), tableName: (await stack()).registryTable }),
    approvals: async () =>
      new DynamoApprovals({ client: new DynamoDBClient({}), tableName: (await stack()).registryTable }),
    flags: async () => flagsOf(await stack()),
    alarms: () => new CloudWatchAlarms({ client: new CloudWatchClient({}) }),
    metrics: () => new CloudWatchMetrics({ client: new CloudWatchClient({}) }),
    database: async (name) => {
      const config = await configuration(configFile);
      const { clusterArn, secretArn, database } = databaseNamed(config, name);
      const { rdsData } = config.endpoints;
      const client = dataApiClient(rdsData === undefined ? {} : { endpoint: rdsData });
      return new DataApiDatabase({ client, resourceArn: clusterArn, secretArn, database });
    },
    stateMachines: () => (machines ??= new StepFunctionsConsole({ client: new SFNClient({}) })),
    functions: () => new LambdaFunctions({ client: new LambdaClient({ maxAttempts: 1 }) }),
    proof: (purpose) => proveCaller({ client: new STSClient({}), purpose, now: new Date() }),
    caller: () => callerName(new STSClient({ maxAttempts: 1 })),
    progress: readProgress,
    cdk: ([name = "", ...args]) => runCdk([name, ...sluiceContext(configFile), ...args], environment),
  };
}

function flagsOf({ all }: StackOutputs): AppConfigFlags {
  return new AppConfigFlags({
    client: new AppConfigClient({}),
    applicationId: all["FlagApplication"] ?? "",
    strategies: { stepwise: all["StrategyStepwise"] ?? "", immediate: all["StrategyImmediate"] ?? "" },
  });
}

/** The same configuration for the CDK app; what a user says after it wins. */
function sluiceContext(configFile: string | undefined): readonly string[] {
  return configFile === undefined ? [] : ["--context", `sluice=${configFile}`];
}
