import { Duration, RemovalPolicy } from "aws-cdk-lib";
import { Rule } from "aws-cdk-lib/aws-events";
import { LambdaFunction } from "aws-cdk-lib/aws-events-targets";
import { SqsDestination } from "aws-cdk-lib/aws-lambda-destinations";
import { Queue, QueueEncryption } from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";
import { acknowledge } from "./acknowledge.ts";
import type { StepLambda } from "./step-lambda.ts";

/** An event that comes later than this is about a time that nobody returns traffic for any more. */
const MAX_EVENT_AGE = Duration.hours(1);
/** EventBridge's own default: with back-off it lasts for longer than an event's age here. */
const RULE_RETRIES = 185;
/** The most that Lambda takes for a function that is called without an answer. */
const FUNCTION_RETRIES = 2;

export interface AlarmRuleProps {
  /** What each alarm that fires is told to. */
  readonly handler: StepLambda;
  /** Whether the queue of lost events outlives the stack. */
  readonly retain: boolean;
}

/**
 * Tells the handler of every alarm of the account and region that fires, metric or composite, whatever its own actions
 * are. The rule names no alarm: a run that is under way may have alarms that the newest deployed file does not.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html
 */
export class AlarmRule extends Construct {
  /** Events that EventBridge could not deliver, or that the handler failed on to the end. */
  readonly lostEvents: Queue;

  constructor(scope: Construct, id: string, { handler, retain }: AlarmRuleProps) {
    super(scope, id);
    this.lostEvents = new Queue(this, "LostEvents", {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
      removalPolicy: retain ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
    acknowledge(this.lostEvents, {
      "AwsSolutions-SQS3":
        "It is the queue of dead letters itself: of the rule, and of the function that the rule calls",
    });
    handler.function.configureAsyncInvoke({
      retryAttempts: FUNCTION_RETRIES,
      maxEventAge: MAX_EVENT_AGE,
      onFailure: new SqsDestination(this.lostEvents),
    });
    new Rule(this, "Rule", {
      description: "Sluice: an alarm fires",
      eventPattern: {
        source: ["aws.cloudwatch"],
        detailType: ["CloudWatch Alarm State Change"],
        detail: { state: { value: ["ALARM"] } },
      },
      targets: [
        new LambdaFunction(handler.function, {
          deadLetterQueue: this.lostEvents,
          retryAttempts: RULE_RETRIES,
          maxEventAge: MAX_EVENT_AGE,
        }),
      ],
    });
  }
}
