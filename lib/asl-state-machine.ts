import { ArnFormat, RemovalPolicy, Stack } from "aws-cdk-lib";
import { PolicyStatement } from "aws-cdk-lib/aws-iam";
import { LogGroup, RetentionDays } from "aws-cdk-lib/aws-logs";
import {
  CfnStateMachineAlias,
  CfnStateMachineVersion,
  DefinitionBody,
  LogLevel,
  StateMachine,
  StateMachineType,
} from "aws-cdk-lib/aws-stepfunctions";
import { Construct } from "constructs";
import { acknowledgeWildcards, nagArn } from "./acknowledge.ts";
import { type Definition, readDefinition } from "./definition.ts";
import { LIVE_ALIAS } from "./live-alias.ts";
import type { StepLambda } from "./step-lambda.ts";

/** What the definitions' ARNs of integrations have in place of `aws`, which China and GovCloud do not have. */
const PARTITION = "Partition";

export interface AslStateMachineProps {
  /** `migration` for `state-machines/migration.asl.json`. */
  readonly definition: string;
  readonly stateMachineName: string;
  readonly steps: ReadonlyMap<string, StepLambda>;
  /** Machines that it may start, by the name that the definition has for them. @default none */
  readonly starts?: Readonly<Record<string, StateMachine>>;
  /** Whether the definition is published as a version behind the alias `live`. */
  readonly versions: boolean;
  /** Whether logs and versions outlive the stack. */
  readonly retain: boolean;
}

/** A Standard state machine of `state-machines/`, with the rights that its definition calls for. */
export class AslStateMachine extends Construct {
  readonly machine: StateMachine;
  /** The alias `live`; undefined where no versions are published. */
  readonly aliasArn: string | undefined;

  constructor(scope: Construct, id: string, props: AslStateMachineProps) {
    super(scope, id);
    const definition = readDefinition(props.definition);
    this.machine = new StateMachine(this, "StateMachine", {
      stateMachineName: props.stateMachineName,
      stateMachineType: StateMachineType.STANDARD,
      definitionBody: DefinitionBody.fromString(JSON.stringify(definition.body)),
      definitionSubstitutions: this.substitutions(definition, props),
      tracingEnabled: true,
      logs: { destination: this.logGroup(props), level: LogLevel.ALL, includeExecutionData: false },
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.allowTasks(definition, props);
    if (definition.distributed) this.allowMapRuns(props.stateMachineName);
    this.aliasArn = props.versions ? this.publish() : undefined;
    acknowledgeWildcards(this, {
      "*": "Log deliveries and X-Ray have no resources that a policy could name",
    });
  }

  private substitutions({ substitutions: keys }: Definition, props: AslStateMachineProps): Record<string, string> {
    const { steps, starts = {} } = props;
    const value = (key: string) =>
      key === PARTITION
        ? Stack.of(this).partition
        : (steps.get(key)?.function.functionArn ?? starts[key]?.stateMachineArn);
    const values = keys.map((key) => {
      const found = value(key);
      if (found === undefined)
        throw new RangeError(`state machine definition names "\${${key}}", which is not deployed`);
      return [key, found] as const;
    });
    return Object.fromEntries(values);
  }

  private logGroup({ retain }: AslStateMachineProps): LogGroup {
    return new LogGroup(this, "Logs", {
      retention: RetentionDays.THREE_MONTHS,
      removalPolicy: retain ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
  }

  private allowTasks({ substitutions: keys }: Definition, { steps, starts = {} }: AslStateMachineProps): void {
    const lambdas = keys.flatMap((key) => steps.get(key)?.function.functionArn ?? []);
    const machines = keys.flatMap((key) => starts[key]?.stateMachineArn ?? []);
    this.allow(["lambda:InvokeFunction"], lambdas);
    if (machines.length > 0) this.allow(["states:StartExecution"], machines);
  }

  /**
   * A Map state in Distributed mode starts executions of this very machine, under its version where the run was
   * started by one, and reads, stops and redrives them as `execution:<machine>/<label>:<name>`.
   * By name, since the machine's ARN would make the policy and the machine wait for each other.
   */
  private allowMapRuns(name: string): void {
    const arn = (resource: string, resourceName: string) =>
      Stack.of(this).formatArn({
        service: "states",
        resource,
        resourceName,
        arnFormat: ArnFormat.COLON_RESOURCE_NAME,
      });
    this.allow(["states:StartExecution"], [arn("stateMachine", name), arn("stateMachine", `${name}:*`)]);
    this.allow(
      ["states:DescribeExecution", "states:StopExecution", "states:RedriveExecution"],
      [arn("execution", `${name}:*`), arn("execution", `${name}/*`)],
    );
    acknowledgeWildcards(this, {
      [nagArn("states", `stateMachine:${name}:*`)]: "Versions and aliases of this very machine",
      [nagArn("states", `execution:${name}:*`)]: "Executions of this very machine",
      [nagArn("states", `execution:${name}/*`)]: "Children of this machine's Map states",
    });
  }

  private allow(actions: readonly string[], resources: readonly string[]): void {
    this.machine.addToRolePolicy(new PolicyStatement({ actions: [...actions], resources: [...resources] }));
  }

  /**
   * A version is the definition frozen: a run that started by the alias can be redriven a fortnight later through the
   * very states that it began with. A new revision replaces the resource, and the older versions stay for their runs.
   * The functions are not frozen: a deploy changes what the states of a run that is under way do.
   */
  private publish(): string {
    const version = new CfnStateMachineVersion(this, "Version", {
      stateMachineArn: this.machine.stateMachineArn,
      stateMachineRevisionId: this.machine.stateMachineRevisionId,
    });
    version.applyRemovalPolicy(RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE);
    const alias = new CfnStateMachineAlias(this, "Alias", {
      name: LIVE_ALIAS,
      deploymentPreference: { stateMachineVersionArn: version.ref, type: "ALL_AT_ONCE" },
    });
    return alias.ref;
  }
}
