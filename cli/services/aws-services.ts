/** The one place where the command line is wired to AWS, or to the local stack that stands in for it. */
import { CloudFormationClient } from "@aws-sdk/client-cloudformation";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { SFNClient } from "@aws-sdk/client-sfn";
import { DynamoControl } from "../../adapters/control/control.ts";
import { dataApiClient } from "../../adapters/data-api/data-api-client.ts";
import { DataApiDatabase } from "../../adapters/data-api/data-api-database.ts";
import { readProgress } from "../../core/run/progress.ts";
import { runCdk } from "./cdk.ts";
import { configuration, databaseNamed } from "./configuration.ts";
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
    control: async () => new DynamoControl({ client: new DynamoDBClient({}), tableName: (await stack()).controlTable }),
    database: async (name) => {
      const config = await configuration(configFile);
      const { clusterArn, secretArn, database } = databaseNamed(config, name);
      const { rdsData } = config.endpoints;
      const client = dataApiClient(rdsData === undefined ? {} : { endpoint: rdsData });
      return new DataApiDatabase({ client, resourceArn: clusterArn, secretArn, database });
    },
    stateMachines: () => (machines ??= new StepFunctionsConsole({ client: new SFNClient({}) })),
    progress: readProgress,
    cdk: (args) => runCdk(args, environment),
  };
}
