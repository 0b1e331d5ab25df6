import { Arn, ArnFormat, Duration, Stack } from "aws-cdk-lib";
import {
  type Alarm,
  AlarmStatusWidget,
  Dashboard,
  GraphWidget,
  type IMetric,
  type IWidget,
  LogQueryWidget,
  Metric,
  SingleValueWidget,
  Stats,
  TextWidget,
} from "aws-cdk-lib/aws-cloudwatch";
import type { StateMachine } from "aws-cdk-lib/aws-stepfunctions";
import { Construct } from "constructs";
import type { DatabaseConfig } from "./config.ts";
import type { StepLambda } from "./step-lambda.ts";

export interface OperatorDashboardProps {
  readonly migration: StateMachine;
  readonly rollback: StateMachine;
  readonly undo: StateMachine;
  readonly steps: ReadonlyMap<string, StepLambda>;
  readonly commands: ReadonlyMap<string, StepLambda>;
  readonly alarmHandler: StepLambda;
  readonly databases: Readonly<Record<string, DatabaseConfig>>;
  readonly alarms: readonly Alarm[];
}

const FULL = 24;
const HALF = 12;
const THIRD = 8;
const SUM = { statistic: Stats.SUM, period: Duration.minutes(1) };

/** From the top: what to do, what is wrong, what runs, what the functions say, what the databases say. */
export class OperatorDashboard extends Construct {
  readonly dashboardName: string;

  constructor(scope: Construct, id: string, props: OperatorDashboardProps) {
    super(scope, id);
    this.dashboardName = Stack.of(this).stackName;
    new Dashboard(this, "Dashboard", {
      dashboardName: this.dashboardName,
      defaultInterval: Duration.hours(3),
      widgets: [
        [guide(props)],
        [new AlarmStatusWidget({ title: "Alarms", width: FULL, height: 4, alarms: [...props.alarms] })],
        executionRow(props),
        stepRow(props),
        ...Object.entries(props.databases).map(([name, database]) => databaseRow(name, database)),
        [problems(props)],
      ],
    });
  }
}

function guide({ rollback }: OperatorDashboardProps): IWidget {
  const { region } = Stack.of(rollback);
  const machine = `https://${region}.console.aws.amazon.com/states/home?region=${region}#/statemachines/view/${rollback.stateMachineArn}`;
  return new TextWidget({
    width: FULL,
    height: 6,
    markdown: [
      "# Sluice",
      "**Do users see errors?** Roll the run back: `sluice rollback <run>`, or start the " +
        `[rollback state machine](${machine}) with \`{"run": "<execution name>"}\`. No write is lost, and the ` +
        "expanded schema stays, so that a new start resumes. Once contract has begun it refuses: the old shape is going.",
      "",
      "An alarm that a migration names does so by itself. **Should a run only wait?** `sluice pause <run>`.",
      "",
      "**Where is a run?** `sluice status`. **Did a rollback fail?** Start it again: every step may be repeated.",
    ].join("\n"),
  });
}

function executionRow({ migration, rollback, undo }: OperatorDashboardProps): IWidget[] {
  const counts = (machine: StateMachine, title: string) =>
    new SingleValueWidget({
      title,
      width: THIRD,
      height: 4,
      setPeriodToTimeRange: true,
      metrics: [
        machine.metricStarted({ ...SUM, label: "started" }),
        machine.metricSucceeded({ ...SUM, label: "succeeded" }),
        machine.metricFailed({ ...SUM, label: "failed" }),
        machine.metricAborted({ ...SUM, label: "stopped" }),
      ],
    });
  return [counts(migration, "Migrations"), counts(rollback, "Rollbacks"), counts(undo, "Undone")];
}

function stepRow(props: OperatorDashboardProps): IWidget[] {
  const each = (metric: (step: StepLambda, label: string) => IMetric) =>
    functions(props).map(([label, step]) => metric(step, label));
  return [
    graph(
      "Errors by function, a minute",
      each((step, label) => step.function.metricErrors({ ...SUM, label })),
    ),
    graph(
      "Time by function, p99",
      each((step, label) =>
        step.function.metricDuration({ statistic: Stats.percentile(99), period: Duration.minutes(1), label }),
      ),
    ),
  ];
}

function functions({ steps, commands, alarmHandler }: OperatorDashboardProps): readonly [string, StepLambda][] {
  return [...steps, ...commands, ["OnAlarm", alarmHandler]];
}

/** Aurora's own view of what a backfill may do to it. */
function databaseRow(name: string, { clusterArn }: DatabaseConfig): IWidget[] {
  const cluster = Arn.split(clusterArn, ArnFormat.COLON_RESOURCE_NAME).resourceName ?? clusterArn;
  const metric = (metricName: string, statistic: string) =>
    new Metric({
      namespace: "AWS/RDS",
      metricName,
      statistic,
      period: Duration.minutes(1),
      dimensionsMap: { DBClusterIdentifier: cluster },
    });
  return [
    graph(`${name}: load`, [metric("CPUUtilization", Stats.MAXIMUM), metric("DatabaseConnections", Stats.MAXIMUM)]),
    graph(`${name}: waiting`, [
      metric("CommitLatency", Stats.AVERAGE),
      metric("Deadlocks", Stats.SUM),
      metric("AuroraReplicaLagMaximum", Stats.MAXIMUM),
    ]),
  ];
}

function graph(title: string, left: IMetric[]): IWidget {
  return new GraphWidget({ title, width: HALF, height: 7, left });
}

/** The newest errors of all functions, in their own words. */
function problems(props: OperatorDashboardProps): IWidget {
  return new LogQueryWidget({
    title: "What the functions say",
    width: FULL,
    height: 8,
    logGroupNames: functions(props).map(([, step]) => step.logGroup.logGroupName),
    queryLines: [
      "fields @timestamp, service, level, message, error.name, error.message",
      'filter level in ["ERROR", "CRITICAL"] or ispresent(errorType)',
      "sort @timestamp desc",
      "limit 50",
    ],
  });
}
