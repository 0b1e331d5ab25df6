import { Stack } from "aws-cdk-lib";
import { PolicyStatement, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import type { Construct } from "constructs";
import { acknowledgeWildcards } from "./acknowledge.ts";

/**
 * What AppConfig looks at a migration's alarms with while a flag's deployment bakes.
 *
 * @see https://docs.aws.amazon.com/appconfig/latest/userguide/getting-started-with-appconfig-cloudwatch-alarms-permissions.html
 */
export class MonitorRole extends Role {
  constructor(scope: Construct, id: string) {
    super(scope, id, {
      description: "Sluice: AppConfig reads the alarms of a migration while its flag is deployed",
      assumedBy: new ServicePrincipal("appconfig.amazonaws.com", {
        // AppConfig's own policies for such roles have no condition, and nothing says that it tells its source.
        conditions: { StringEqualsIfExists: { "aws:SourceAccount": Stack.of(scope).account } },
      }),
    });
    this.addToPolicy(new PolicyStatement({ actions: ["cloudwatch:DescribeAlarms"], resources: ["*"] }));
    acknowledgeWildcards(this, {
      "*": "cloudwatch:DescribeAlarms returns composite alarms only where it is allowed on every resource",
    });
  }
}
