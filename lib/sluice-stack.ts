import { CfnOutput, Stack, type StackProps } from "aws-cdk-lib";
import type { Construct } from "constructs";
import { AlarmRule } from "./alarm-rule.ts";
import { AslStateMachine } from "./asl-state-machine.ts";
import type { Config } from "./config.ts";
import { RegistryTable } from "./registry-table.ts";
import { FlagStore } from "./flag-store.ts";
import type { Resources } from "./grants.ts";
import type { MigrationFile } from "./migrations.ts";
import { MonitorRole } from "./monitor-role.ts";
import { OperatorAlarms } from "./operator-alarms.ts";
import { OperatorDashboard } from "./operator-dashboard.ts";
import { OperatorTopic } from "./operator-topic.ts";
import { PlanBucket } from "./plan-bucket.ts";
import type { StepLambda } from "./step-lambda.ts";
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
    const lambdas = new StepLambdas(this, "Steps", {
      resources,
      migrationFiles: props.migrations.map(({ file }) => file),
    });
    const machines = this.machines(resources, lambdas);
    const { lostEvents } = new AlarmRule(this, "AlarmRule", { handler: lambdas.alarmHandler, retain: config.retain });
    const watched = {
      migration: machines.migration.machine,
      rollback: machines.rollback.machine,
      undo: machines.undo.machine,
      steps: lambdas.steps,
      commands: lambdas.commands,
      alarmHandler: lambdas.alarmHandler,
    };
    const { alarms } = new OperatorAlarms(this, "Alarms", {
      ...watched,
      lostEvents,
      topic: resources.operators.topic,
    });
    const { dashboardName } = new OperatorDashboard(this, "Operators", {
      ...watched,
      databases: config.databases,
      alarms,
    });
    this.outputs({ resources, machines, commands: lambdas.commands, dashboardName });
  }

  private machines({ config, ...resources }: Resources, { steps }: StepLambdas): Machines {
    const common = { steps, versions: config.stateMachineVersions, retain: config.retain };
    const rollback = new AslStateMachine(this, "Rollback", {
      ...common,
      definition: "rollback",
      stateMachineName: resources.rollbackMachineName,
    });
    const migration = new AslStateMachine(this, "Migration", {
      ...common,
      definition: "migration",
      stateMachineName: resources.migrationMachineName,
      starts: { RollbackStateMachine: rollback.machine },
    });
    const undo = new AslStateMachine(this, "Undo", {
      ...common,
      definition: "undo",
      stateMachineName: `${this.stackName}-undo`,
    });
    return { migration, rollback, undo };
  }

  private resources({ config, migrations }: SluiceStackProps): Resources {
    return {
      stack: this,
      config,
      registry: new RegistryTable(this, "RunRegistry", config),
      plans: new PlanBucket(this, "Plans", config),
      flags: new FlagStore(this, "Flags", {
        migrations: migrations.map(({ migration }) => migration),
        bakeMinutes: config.flagBakeMinutes,
        retain: config.retain,
      }),
      monitorRole: new MonitorRole(this, "MonitorRole"),
      operators: new OperatorTopic(this, "OperatorTopic", { emails: config.operatorEmails, retain: config.retain }),
      migrationMachineName: `${this.stackName}-migration`,
      rollbackMachineName: `${this.stackName}-rollback`,
    };
  }

  /** What the CLI and an operator's scripts look up. */
  private outputs({ resources, machines, commands, dashboardName }: OutputProps): void {
    const { registry, plans, flags, operators } = resources;
    const { migration, rollback, undo } = machines;
    const outputs: Readonly<Record<string, string | undefined>> = {
      MigrationStateMachineArn: migration.machine.stateMachineArn,
      MigrationAliasArn: migration.aliasArn,
      RollbackStateMachineArn: rollback.machine.stateMachineArn,
      UndoStateMachineArn: undo.machine.stateMachineArn,
      ...Object.fromEntries([...commands].map(([name, command]) => [`${name}Function`, command.function.functionArn])),
      RegistryTable: registry.tableName,
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

interface Machines {
  readonly migration: AslStateMachine;
  readonly rollback: AslStateMachine;
  readonly undo: AslStateMachine;
}

interface OutputProps {
  readonly resources: Resources;
  readonly machines: Machines;
  readonly commands: ReadonlyMap<string, StepLambda>;
  readonly dashboardName: string;
}
