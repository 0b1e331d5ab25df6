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
import type { StateMachine } from "aws-cdk-lib/aws-stepfunctions";
import { Construct } from "constructs";
import type { StepLambda } from "./step-lambda.ts";

/** A step retries a transient error up to 8 times; so many in five minutes are no blip. */
const STEP_ERRORS = 5;

export interface OperatorAlarmsProps {
  readonly topic: ITopic;
  readonly migration: StateMachine;
  readonly rollback: StateMachine;
  readonly steps: ReadonlyMap<string, StepLambda>;
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
    this.alarms = [...executionWatches(props), ...lambdaWatches(props)].map((watch) => {
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

const SUM = { statistic: Stats.SUM, period: Duration.minutes(1) };

function executionWatches({ migration, rollback }: OperatorAlarmsProps): readonly Watch[] {
  const after = "See the execution's error in the Step Functions console, and the runbook.";
  return [
    {
      name: "migration-failed",
      metric: migration.metricFailed(SUM),
      description: `A migration failed. Unless contract had begun, its rollback must have started: if there is none, start it. ${after}`,
    },
    {
      name: "migration-timed-out",
      metric: migration.metricTimedOut(SUM),
      description: `A migration ran into its time limit and started no rollback. ${after}`,
    },
    {
      name: "rollback-started",
      metric: rollback.metricStarted(SUM),
      description: `Traffic is being returned to the old path. Check that it arrives. ${after}`,
    },
    {
      name: "rollback-failed",
      metric: rollback.metricFailed(SUM),
      description: `TRAFFIC MAY STILL BE ON THE NEW PATH: a rollback failed. Start it again. ${after}`,
    },
    {
      name: "rollback-timed-out",
      metric: rollback.metricTimedOut(SUM),
      description: `TRAFFIC MAY STILL BE ON THE NEW PATH: a rollback timed out. Start it again. ${after}`,
    },
    {
      name: "rollback-aborted",
      metric: rollback.metricAborted(SUM),
      description: `TRAFFIC MAY STILL BE ON THE NEW PATH: somebody stopped a rollback. ${after}`,
    },
  ];
}

function lambdaWatches({ steps }: OperatorAlarmsProps): readonly Watch[] {
  const errors = [...steps].map(([step, { function: lambda }]): Watch => ({
    name: `step-errors-${step}`,
    metric: lambda.metricErrors({ statistic: Stats.SUM, period: Duration.minutes(5) }),
    threshold: STEP_ERRORS,
    description: `Step ${step} fails again and again; it is being retried. Its log group has the reason.`,
  }));
  return [...errors, { name: "lambda-throttled", metric: accountThrottles(), description: THROTTLED }];
}

const THROTTLED =
  "Lambda refuses calls in this account and region, Sluice's or somebody else's: steps are retried and go slower. " +
  "Raise the concurrency limit, or lower the workers of the migration.";

/** Of the whole account and region, since that is what shares the concurrency that runs out. */
function accountThrottles(): Metric {
  return new Metric({ namespace: "AWS/Lambda", metricName: "Throttles", unit: Unit.COUNT, ...SUM });
}
