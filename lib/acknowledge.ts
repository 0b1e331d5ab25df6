import { CfnElement, Stack, Validations } from "aws-cdk-lib";
import type { IConstruct } from "constructs";

/**
 * Accepts findings of cdk-nag on a construct, each with the reason why it is right here. cdk-nag reports one finding a
 * wildcard, so that accepting one hides no other.
 *
 * @param reasons by the finding's id: `AwsSolutions-S1`.
 */
export function acknowledge(construct: IConstruct, reasons: Readonly<Record<string, string>>): void {
  for (const [id, reason] of Object.entries(reasons)) Validations.of(construct).acknowledge({ id, reason });
}

/** Accepts wildcards among the resources of a role's policies, by the resource as cdk-nag writes it. */
export function acknowledgeWildcards(role: IConstruct, reasons: Readonly<Record<string, string>>): void {
  for (const [resource, reason] of Object.entries(reasons)) {
    acknowledge(role, { [`AwsSolutions-IAM5[Resource::${resource}]`]: reason });
  }
}

/** An ARN of this account and region as cdk-nag writes it: references as `<name>`. */
export function nagArn(service: string, resource: string): string {
  return `arn:<AWS::Partition>:${service}:<AWS::Region>:<AWS::AccountId>:${resource}`;
}

/** The name that a resource has in the template; of an L2 construct, its main resource's. */
export function logicalId(construct: IConstruct): string {
  const resource = construct.node.defaultChild ?? construct;
  if (!CfnElement.isCfnElement(resource)) throw new TypeError(`${construct.node.path} is no single resource`);
  return Stack.of(resource).getLogicalId(resource);
}
