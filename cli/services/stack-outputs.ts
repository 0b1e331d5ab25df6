import { type CloudFormationClient, DescribeStacksCommand } from "@aws-sdk/client-cloudformation";
import { errorName, translateError } from "../../adapters/translate-error.ts";
import { ConfigurationInvalid, NotFound } from "../../core/errors.ts";
import type { StackOutputs } from "./services.ts";

/** The outputs of a deployed stack. @throws NotFound, ConfigurationInvalid, ServiceUnavailable, ServiceRefused. */
export async function stackOutputs(client: CloudFormationClient, stack: string): Promise<StackOutputs> {
  const outputs = await describe(client, stack);
  const output = (key: string): string => {
    const value = outputs[key];
    if (value !== undefined) return value;
    throw notDeployed(stack, `has no output ${key}`);
  };
  return {
    migrationArn: outputs["MigrationAliasArn"] ?? output("MigrationStateMachineArn"),
    rollbackArn: output("RollbackStateMachineArn"),
    registryTable: output("RegistryTable"),
    all: outputs,
  };
}

async function describe(client: CloudFormationClient, stack: string): Promise<Readonly<Record<string, string>>> {
  try {
    const { Stacks } = await client.send(new DescribeStacksCommand({ StackName: stack }));
    const outputs = Stacks?.[0]?.Outputs ?? [];
    return Object.fromEntries(outputs.map(({ OutputKey, OutputValue }) => [OutputKey ?? "", OutputValue ?? ""]));
  } catch (error) {
    if (isUnconfigured(error)) throw unconfigured(error);
    // CloudFormation has no error of its own for a stack that is not there.
    if (errorName(error) === "ValidationError") throw notDeployed(stack, "is not deployed in this account and region");
    throw translateError({ service: "CloudFormation", object: `stack "${stack}"` }, error);
  }
}

/** The SDK failed before any call: it has no region, or found no credentials. */
function isUnconfigured(error: unknown): error is Error {
  if (!(error instanceof Error)) return false;
  return error.name.endsWith("ProviderError") || error.message === "Region is missing";
}

function unconfigured(cause: Error): ConfigurationInvalid {
  return new ConfigurationInvalid({
    object: "the AWS environment",
    problem: `is incomplete: ${cause.message}`,
    remedy: "Set AWS_REGION and AWS_PROFILE, or log in, as for every AWS tool; for a stack here: sluice local up",
    cause,
  });
}

function notDeployed(stack: string, problem: string): NotFound {
  return new NotFound({
    object: `stack "${stack}"`,
    problem,
    remedy: "Run sluice deploy, or check AWS_REGION, AWS_PROFILE and SLUICE_STACK",
  });
}
