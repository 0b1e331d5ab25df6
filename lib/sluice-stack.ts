import { CfnOutput, Stack, type StackProps } from "aws-cdk-lib";
import type { Construct } from "constructs";
import { AslStateMachine } from "./asl-state-machine.ts";
import type { Config } from "./config.ts";
import { ControlTable } from "./control-table.ts";
import { FlagStore } from "./flag-store.ts";
import type { Resources } from "./grants.ts";
import type { MigrationFile } from "./migrations.ts";
import { OperatorAlarms } from "./operator-alarms.ts";
import { OperatorDashboard } from "./operator-dashboard.ts";
import { OperatorTopic } from "./operator-topic.ts";
import { PlanBucket } from "./plan-bucket.ts";
import { StepLambdas } from "./step-lambdas.ts";

export interface SluiceStackProps extends StackProps {
  readonly config: Config;
  readonly migrations: readonly MigrationFile[];
}

/** All of Sluice in one account and region. */
export class SluiceStack extends Stack {
  constructor(scope: Construct, id: string, props: SluiceStackProps) {
    super(scope, id, { description: "Sluice: database migrations under live traffic", ...props });
    const { config } = props;
    const resources = this.resources(props);
    const { steps } = new StepLambdas(this, "Steps", {
      resources,
      migrationFiles: props.migrations.map(({ file }) => file),
    });
    const machine = { steps, versions: config.stateMachineVersions, retain: config.retain };
    const rollback = new AslStateMachine(this, "Rollback", {
      ...machine,
      definition: "rollback",
      stateMachineName: `${this.stackName}-rollback`,
    });
    const migration = new AslStateMachine(this, "Migration", {
      ...machine,
      definition: "migration",
      stateMachineName: resources.migrationMachineName,
      starts: { RollbackStateMachine: rollback.machine },
    });
    const watched = { migration: migration.machine, rollback: rollback.machine, steps };
    const { alarms } = new OperatorAlarms(this, "Alarms", { ...watched, topic: resources.operators.topic });
    const { dashboardName } = new OperatorDashboard(this, "Operators", {
      ...watched,
      databases: config.databases,
      alarms,
    });
    this.outputs({ resources, migration, rollback, dashboardName });
  }

  private resources({ config, migrations }: SluiceStackProps): Resources {
    return {
      stack: this,
      config,
      control: new ControlTable(this, "Control", config),
      plans: new PlanBucket(this, "Plans", config),
      flags: new FlagStore(this, "Flags", {
        migrations: migrations.map(({ migration }) => migration),
        retain: config.retain,
      }),
      operators: new OperatorTopic(this, "OperatorTopic", { emails: config.operatorEmails, retain: config.retain }),
      migrationMachineName: `${this.stackName}-migration`,
    };
  }

  /** What the CLI and an operator's scripts look up. */
  private outputs({ resources, migration, rollback, dashboardName }: OutputProps): void {
    const { control, plans, flags, operators } = resources;
    const outputs: Readonly<Record<string, string | undefined>> = {
      MigrationStateMachineArn: migration.machine.stateMachineArn,
      MigrationAliasArn: migration.aliasArn,
      RollbackStateMachineArn: rollback.machine.stateMachineArn,
      ControlTable: control.tableName,
      PlanBucket: plans.bucketName,
      FlagApplication: flags.applicationId,
      StrategyStepwise: flags.stepwiseStrategyId,
      StrategyImmediate: flags.immediateStrategyId,
      OperatorTopicArn: operators.topic.topicArn,
      DashboardName: dashboardName,
    };
    for (const [name, value] of Object.entries(outputs)) {
      // An output's id is its key in CloudFormation; a construct of that name would clash with it.
      if (value !== undefined) new CfnOutput(this, `Output${name}`, { value }).overrideLogicalId(name);
    }
  }
}

interface OutputProps {
  readonly resources: Resources;
  readonly migration: AslStateMachine;
  readonly rollback: AslStateMachine;
  readonly dashboardName: string;
}
