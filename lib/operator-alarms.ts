import { Duration, Stack } from "aws-cdk-lib";
import {
  Alarm,
  ComparisonOperator,
  type IMetric,
  Metric,
  Stats,
  TreatMissingData,
  Unit,
} from "aws-cdk-lib/aws-cloudwatch";
import { SnsAction } from "aws-cdk-lib/aws-cloudwatch-actions";
import type { ITopic } from "aws-cdk-lib/aws-sns";
import type { IQueue } from "aws-cdk-lib/aws-sqs";
import type { StateMachine } from "aws-cdk-lib/aws-stepfunctions";
import { Construct } from "constructs";
import { WATCH_TEXTS, type WatchName } from "./operator-watches.ts";
import type { StepLambda } from "./step-lambda.ts";

/** A step retries a transient error up to 8 times, and a command may be refused with good reason. */
const REPEATED_ERRORS = 5;

export interface OperatorAlarmsProps {
  readonly topic: ITopic;
  readonly migration: StateMachine;
  readonly rollback: StateMachine;
  readonly undo: StateMachine;
  readonly steps: ReadonlyMap<string, StepLambda>;
  readonly commands: ReadonlyMap<string, StepLambda>;
  readonly alarmHandler: StepLambda;
  /** Where the events of alarms end up that nobody could handle. */
  readonly lostEvents: IQueue;
}

interface Watch {
  /** What the alarm is called, after the stack's name. */
  readonly name: string;
  readonly metric: IMetric;
  /** What has happened and what to do, for somebody who was asleep. */
  readonly description: string;
  /** @default 1 */
  readonly threshold?: number;
}

/** What wakes the operators. Plain metrics only, no metric math: emulators have none. */
export class OperatorAlarms extends Construct {
  readonly alarms: readonly Alarm[];

  constructor(scope: Construct, id: string, props: OperatorAlarmsProps) {
    super(scope, id);
    const action = new SnsAction(props.topic);
    const watches = [...watchesOfTheStack(props), ...watchesOfFunctions(props)];
    this.alarms = watches.map((watch) => {
      const alarm = this.alarm(watch);
      alarm.addAlarmAction(action);
      return alarm;
    });
  }

  private alarm({ name, metric, description, threshold = 1 }: Watch): Alarm {
    return new Alarm(this, name, {
      alarmName: `${Stack.of(this).stackName}-${name}`,
      alarmDescription: description,
      metric,
      threshold,
      evaluationPeriods: 1,
      comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      // Nothing runs most of the time: no data means that nothing happened.
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
  }
}

const MINUTE = Duration.minutes(1);
const SUM = { statistic: Stats.SUM, period: MINUTE };

type PerFunction = Extract<WatchName, "step-errors" | "command-errors">;

/** Alarms of which the stack has one. */
function watchesOfTheStack({ migration, rollback, undo, ...props }: OperatorAlarmsProps): readonly Watch[] {
  const metrics: Readonly<Record<Exclude<WatchName, PerFunction>, IMetric>> = {
    "migration-failed": migration.metricFailed(SUM),
    "migration-timed-out": migration.metricTimedOut(SUM),
    "rollback-started": rollback.metricStarted(SUM),
    "rollback-failed": rollback.metricFailed(SUM),
    "rollback-timed-out": rollback.metricTimedOut(SUM),
    "rollback-aborted": rollback.metricAborted(SUM),
    "undo-failed": undo.metricFailed(SUM),
    "alarm-handler-failed": props.alarmHandler.function.metricErrors(SUM),
    "alarm-events-lost": props.lostEvents.metricApproximateNumberOfMessagesVisible({
      statistic: Stats.MAXIMUM,
      period: MINUTE,
    }),
    "lambda-throttled": accountThrottles(),
  };
  return Object.entries(metrics).map(([name, metric]) => ({
    name,
    metric,
    description: description(name as Exclude<WatchName, PerFunction>),
  }));
}

/** Alarms of which each function has one. */
function watchesOfFunctions({ steps, commands }: OperatorAlarmsProps): readonly Watch[] {
  const watch = (kind: PerFunction, lambdas: ReadonlyMap<string, StepLambda>) =>
    [...lambdas].map(([name, { function: lambda }]) => ({
      name: `${kind}-${name}`,
      metric: lambda.metricErrors({ statistic: Stats.SUM, period: Duration.minutes(5) }),
      threshold: REPEATED_ERRORS,
      description: `${name}: ${description(kind)}`,
    }));
  return [...watch("step-errors", steps), ...watch("command-errors", commands)];
}

function description(name: WatchName): string {
  const { means, press } = WATCH_TEXTS[name];
  return `${means} ${press}`;
}

/** Of the whole account and region, since that is what shares the concurrency that runs out. */
function accountThrottles(): Metric {
  return new Metric({ namespace: "AWS/Lambda", metricName: "Throttles", unit: Unit.COUNT, ...SUM });
}
