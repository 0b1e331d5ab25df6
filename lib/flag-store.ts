import { type CfnResource, RemovalPolicy, Stack } from "aws-cdk-lib";
import {
  CfnApplication,
  CfnConfigurationProfile,
  CfnDeploymentStrategy,
  CfnEnvironment,
} from "aws-cdk-lib/aws-appconfig";
import { Construct } from "constructs";
import type { Migration } from "../core/migration/schema.ts";

/** Characters that AppConfig takes of a description; a migration's may be longer. */
const MAX_DESCRIPTION = 1_024;

export interface FlagStoreProps {
  readonly migrations: readonly Migration[];
  /** Minutes that a step of a cutover bakes for, with its alarms watched. */
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
 *
 * Nor are the environments' alarm monitors here, for the same reason: a cutover arms them before each of its steps, so
 * that AppConfig takes the step back by itself where one fires before the bake is over, and a rollback takes them away
 * first. AppConfig would take back any deployment that it finds an alarm firing in, the one that returns traffic above
 * all: that one is deployed just because an alarm fires.
 *
 * @see https://docs.aws.amazon.com/appconfig/latest/userguide/monitoring-deployments.html: "Reverting also ignores
 * alarm monitors, which may prevent a roll forward from progressing during an application emergency."
 */
export class FlagStore extends Construct {
  readonly application: CfnApplication;
  readonly applicationId: string;
  /** Steps of a cutover: everybody gets the step's flag at once, since the step itself is what widens slowly. It bakes. */
  readonly stepwiseStrategyId: string;
  /** The way back: at once, and without a bake. */
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
    for (const migration of props.migrations) this.addFlag(migration);
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

  private addFlag({ migration: name, description }: Migration): void {
    const flag = new Construct(this, name);
    const common = {
      applicationId: this.applicationId,
      name,
      description: description.slice(0, MAX_DESCRIPTION),
    };
    this.keep(new CfnEnvironment(flag, "Environment", common));
    this.keep(
      new CfnConfigurationProfile(flag, "Profile", {
        ...common,
        locationUri: "hosted",
        type: "AWS.AppConfig.FeatureFlags",
      }),
    );
  }

  /** A migration whose file is deleted keeps its flag: without it every client falls back to the old path. */
  private keep(resource: CfnResource): void {
    resource.applyRemovalPolicy(this.#props.retain ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY);
  }
}
