import { join } from "node:path";
import { Duration, RemovalPolicy } from "aws-cdk-lib";
import { Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { Architecture, Function as LambdaFunction, Runtime, Tracing } from "aws-cdk-lib/aws-lambda";
import { LogGroup, RetentionDays } from "aws-cdk-lib/aws-logs";
import { Construct } from "constructs";
import { acknowledge, acknowledgeWildcards } from "./acknowledge.ts";
import { type Grant, GRANTS, type Resources } from "./grants.ts";
import { handlerCode } from "./handler-code.ts";
import type { Handler } from "./handlers.ts";
import { PROJECT_ROOT } from "./project-root.ts";

export interface StepLambdaProps {
  readonly handler: Handler;
  readonly resources: Resources;
  /** Files that the package holds where the handler needs `migrations`. */
  readonly migrationFiles: readonly string[];
}

/** One step of a state machine: a handler of `lambdas/` with the rights and variables of its row in `handlers.ts`. */
export class StepLambda extends Construct {
  readonly function: LambdaFunction;
  readonly logGroup: LogGroup;

  constructor(scope: Construct, id: string, props: StepLambdaProps) {
    super(scope, id);
    const { handler, resources } = props;
    this.logGroup = new LogGroup(this, "Logs", {
      retention: RetentionDays.THREE_MONTHS,
      removalPolicy: resources.config.retain ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
    const grants = handler.needs.map((need) => GRANTS[need](resources));
    const role = this.role(handler, grants);
    this.logGroup.grantWrite(role);
    this.function = new LambdaFunction(this, "Function", {
      description: `Sluice: ${handler.file}`,
      code: handlerCode({
        entry: join(PROJECT_ROOT, "lambdas", `${handler.file}.ts`),
        migrations: handler.needs.includes("migrations") ? props.migrationFiles : [],
      }),
      handler: "index.handler",
      runtime: Runtime.NODEJS_22_X,
      architecture: Architecture.ARM_64,
      memorySize: 512,
      timeout: Duration.seconds(handler.timeoutSeconds),
      tracing: Tracing.ACTIVE,
      role,
      logGroup: this.logGroup,
      environment: environment(handler, grants),
    });
    acknowledge(this.function, {
      "AwsSolutions-L1": "Node.js 22 is in long-term support and among the versions that every test runs on",
    });
  }

  /** A role of its own without managed policies: AWSLambdaBasicExecutionRole may write to every log group. */
  private role(handler: Handler, grants: readonly Grant[]): Role {
    const role = new Role(this, "Role", {
      assumedBy: new ServicePrincipal("lambda.amazonaws.com"),
      description: `Sluice: ${handler.file}`,
    });
    for (const { statements, wildcards = {} } of grants) {
      for (const statement of statements) role.addToPolicy(statement);
      acknowledgeWildcards(role, wildcards);
    }
    acknowledgeWildcards(role, { "*": "X-Ray has no resources that a policy could name" });
    return role;
  }
}

function environment(handler: Handler, grants: readonly Grant[]): Record<string, string> {
  return Object.fromEntries([
    ["NODE_OPTIONS", "--enable-source-maps"],
    ["POWERTOOLS_SERVICE_NAME", handler.file],
    ["POWERTOOLS_METRICS_NAMESPACE", "Sluice"],
    ...grants.flatMap((grant) => Object.entries(grant.environment)),
  ]);
}
