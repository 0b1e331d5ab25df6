import { type CloudFormationClient, DescribeStacksCommand } from "@aws-sdk/client-cloudformation";
import { errorName, translateError } from "../../adapters/translate-error.ts";
import { NotFound } from "../../core/errors.ts";
import type { StackOutputs } from "./services.ts";

/** The outputs of a deployed stack. @throws NotFound, ServiceUnavailable, ServiceRefused. */
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
    controlTable: output("ControlTable"),
    all: outputs,
  };
}

async function describe(client: CloudFormationClient, stack: string): Promise<Readonly<Record<string, string>>> {
  try {
    const { Stacks } = await client.send(new DescribeStacksCommand({ StackName: stack }));
    const outputs = Stacks?.[0]?.Outputs ?? [];
    return Object.fromEntries(outputs.map(({ OutputKey, OutputValue }) => [OutputKey ?? "", OutputValue ?? ""]));
  } catch (error) {
    // CloudFormation has no error of its own for a stack that is not there.
    if (errorName(error) === "ValidationError") throw notDeployed(stack, "is not deployed in this account and region");
    throw translateError({ service: "CloudFormation", object: `stack "${stack}"` }, error);
  }
}

function notDeployed(stack: string, problem: string): NotFound {
  return new NotFound({
    object: `stack "${stack}"`,
    problem,
    remedy: "Run sluice deploy, or look at AWS_REGION, AWS_PROFILE and SLUICE_STACK",
  });
}
