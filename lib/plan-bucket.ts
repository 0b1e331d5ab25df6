import { RemovalPolicy } from "aws-cdk-lib";
import { BlockPublicAccess, Bucket, BucketEncryption, ObjectOwnership } from "aws-cdk-lib/aws-s3";
import type { Construct } from "constructs";
import { acknowledge } from "./acknowledge.ts";

export interface PlanBucketProps {
  /** Whether the bucket outlives the stack. Where not, CloudFormation still deletes it only when it is empty. */
  readonly retain: boolean;
}

/** Plans by hash. They hold SQL and names of columns, never rows. */
export class PlanBucket extends Bucket {
  constructor(scope: Construct, id: string, props: PlanBucketProps) {
    super(scope, id, {
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      encryption: BucketEncryption.S3_MANAGED,
      enforceSSL: true,
      versioned: true,
      removalPolicy: props.retain ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
    acknowledge(this, {
      "AwsSolutions-S1":
        "A plan is named by its hash and checked against it when read, so a log of accesses would prove nothing more",
    });
  }
}
