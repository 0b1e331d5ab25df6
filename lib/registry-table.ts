import { RemovalPolicy } from "aws-cdk-lib";
import { AttributeType, BillingMode, Table, TableEncryption } from "aws-cdk-lib/aws-dynamodb";
import type { Construct } from "constructs";

export interface RegistryTableProps {
  /** Whether the table outlives the stack and refuses deletion. */
  readonly retain: boolean;
}

/** RunRegistry: which runs are active and in which phase. A few small items a run, so on demand. */
export class RegistryTable extends Table {
  constructor(scope: Construct, id: string, props: RegistryTableProps) {
    super(scope, id, {
      partitionKey: { name: "id", type: AttributeType.STRING },
      billingMode: BillingMode.PAY_PER_REQUEST,
      encryption: TableEncryption.AWS_MANAGED,
      timeToLiveAttribute: "expiresAt",
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      deletionProtection: props.retain,
      removalPolicy: props.retain ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
  }
}
