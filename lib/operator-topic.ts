import { RemovalPolicy } from "aws-cdk-lib";
import { PolicyStatement, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { Key } from "aws-cdk-lib/aws-kms";
import { Topic } from "aws-cdk-lib/aws-sns";
import { EmailSubscription } from "aws-cdk-lib/aws-sns-subscriptions";
import { Construct } from "constructs";

export interface OperatorTopicProps {
  readonly emails: readonly string[];
  /** Whether the key outlives the stack. */
  readonly retain: boolean;
}

/** What people hear: alarms, reports of finished runs, rollbacks. */
export class OperatorTopic extends Construct {
  readonly topic: Topic;
  readonly key: Key;

  constructor(scope: Construct, id: string, props: OperatorTopicProps) {
    super(scope, id);
    // A key of our own: CloudWatch may not use the AWS managed `alias/aws/sns`, and its alarms would be lost silently.
    this.key = new Key(this, "Key", {
      description: "Sluice: messages to the operators",
      enableKeyRotation: true,
      removalPolicy: props.retain ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
    this.topic = new Topic(this, "Topic", {
      displayName: "Sluice",
      masterKey: this.key,
      enforceSSL: true,
    });
    for (const email of props.emails) this.topic.addSubscription(new EmailSubscription(email));
    this.admitAlarms();
  }

  /** A topic with a policy of its own refuses alarms, unless the policy names CloudWatch. */
  private admitAlarms(): void {
    const principals = [new ServicePrincipal("cloudwatch.amazonaws.com")];
    const conditions = { StringEquals: { "aws:SourceAccount": this.topic.env.account } };
    this.topic.addToResourcePolicy(
      new PolicyStatement({ principals, actions: ["sns:Publish"], resources: [this.topic.topicArn], conditions }),
    );
    this.key.addToResourcePolicy(
      // In a key's policy `*` is that key.
      new PolicyStatement({
        principals,
        actions: ["kms:Decrypt", "kms:GenerateDataKey*"],
        resources: ["*"],
        conditions,
      }),
    );
  }
}
