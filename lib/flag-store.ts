import { ArnFormat, type CfnResource, RemovalPolicy, Stack } from "aws-cdk-lib";
import {
  CfnApplication,
  CfnConfigurationProfile,
  CfnDeploymentStrategy,
  CfnEnvironment,
} from "aws-cdk-lib/aws-appconfig";
import { PolicyStatement, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { Construct } from "constructs";
import type { Migration } from "../core/migration/schema.ts";
import { acknowledgeWildcards } from "./acknowledge.ts";

export interface FlagStoreProps {
  readonly migrations: readonly Migration[];
  /** Minutes for which AppConfig watches the alarms after a stepwise deployment. */
  readonly bakeMinutes: number;
  /** Whether the flags outlive the stack, and each flag its migration's file. */
  readonly retain: boolean;
}

/**
 * One AppConfig application, and in it for each migration an environment and a feature-flag profile of its name: an
 * environment takes one deployment at a time, and so no run can hold up another's rollback.
 *
 * The flags' content is deliberately not here. A hosted version or a deployment in the template would be
 * CloudFormation's to restore, so that a `cdk deploy` in the middle of a run would put traffic back to what the
 * template says. The steps of the run write it; until the first one has, every client is on the old path.
 */
export class FlagStore extends Construct {
  readonly application: CfnApplication;
  readonly applicationId: string;
  /** Steps of a cutover: everybody gets the step's flag at once, since the step itself is what widens slowly. */
  readonly stepwiseStrategyId: string;
  /** The way back: at once, and nothing to wait for afterwards. */
  readonly immediateStrategyId: string;
  readonly #props: FlagStoreProps;

  constructor(scope: Construct, id: string, props: FlagStoreProps) {
    super(scope, id);
    this.#props = props;
    const name = Stack.of(this).stackName;
    this.application = new CfnApplication(this, "Application", { name, description: "Flags of Sluice's migrations" });
    this.keep(this.application);
    this.applicationId = this.application.ref;
    this.stepwiseStrategyId = this.strategy("Stepwise", props.bakeMinutes);
    this.immediateStrategyId = this.strategy("Immediate", 0);
    const watcher = props.migrations.some(({ gates }) => gates.alarms.length > 0) ? this.alarmReader() : undefined;
    for (const migration of props.migrations) this.addFlag(migration, watcher);
  }

  private strategy(id: string, finalBakeTimeInMinutes: number): string {
    return new CfnDeploymentStrategy(this, id, {
      name: `${Stack.of(this).stackName}-${id.toLowerCase()}`,
      deploymentDurationInMinutes: 0,
      growthFactor: 100,
      finalBakeTimeInMinutes,
      replicateTo: "NONE",
    }).ref;
  }

  private addFlag(migration: Migration, watcher: Role | undefined): void {
    const flag = new Construct(this, migration.migration);
    const common = { applicationId: this.applicationId, name: migration.migration };
    const environment = new CfnEnvironment(flag, "Environment", {
      ...common,
      description: migration.description,
      ...(watcher === undefined ? {} : { monitors: this.monitors(migration, watcher) }),
    });
    const profile = new CfnConfigurationProfile(flag, "Profile", {
      ...common,
      description: migration.description,
      locationUri: "hosted",
      type: "AWS.AppConfig.FeatureFlags",
    });
    this.keep(environment);
    this.keep(profile);
  }

  private monitors(migration: Migration, watcher: Role): CfnEnvironment.MonitorsProperty[] {
    return [...new Set(migration.gates.alarms)].map((resourceName) => ({
      alarmArn: Stack.of(this).formatArn({
        service: "cloudwatch",
        resource: "alarm",
        resourceName,
        arnFormat: ArnFormat.COLON_RESOURCE_NAME,
      }),
      alarmRoleArn: watcher.roleArn,
    }));
  }

  /** The role by which AppConfig reads alarms while it deploys and bakes. */
  private alarmReader(): Role {
    const role = new Role(this, "AlarmReader", {
      assumedBy: new ServicePrincipal("appconfig.amazonaws.com"),
      description: "AppConfig reads the alarms of the gates while a flag is deployed",
    });
    role.addToPolicy(new PolicyStatement({ actions: ["cloudwatch:DescribeAlarms"], resources: ["*"] }));
    acknowledgeWildcards(role, {
      "*": "cloudwatch:DescribeAlarms returns composite alarms only where it is allowed on every resource; it only reads",
    });
    return role;
  }

  /** A migration whose file is deleted keeps its flag: without it every client falls back to the old path. */
  private keep(resource: CfnResource): void {
    resource.applyRemovalPolicy(this.#props.retain ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY);
  }
}
