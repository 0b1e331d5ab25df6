import { NotFound } from "../../core/errors.ts";
import type { Alarms, Approvals, CallerProof, RunRegistry, Database, Flags, Metrics } from "../../core/ports.ts";
import type { readProgress } from "../../core/run/shards/progress.ts";
import type { Functions } from "./functions.ts";
import type { StateMachines } from "./state-machines.ts";

/** The deployed stack's outputs. */
export interface StackOutputs {
  /** What to start a run with: the alias of the newest version, where the stack has one. */
  readonly migrationArn: string;
  readonly rollbackArn: string;
  readonly registryTable: string;
  /** Every output by its key, as CloudFormation has it. */
  readonly all: Readonly<Record<string, string>>;
}

/** An output that only some commands need. @throws NotFound where the stack is older than they are. */
export function stackOutput({ all }: StackOutputs, key: string): string {
  const value = all[key];
  if (value !== undefined) return value;
  throw new NotFound({
    object: `output "${key}" of the stack`,
    problem: "is missing: the stack was deployed by an earlier version",
    remedy: "Run sluice deploy",
  });
}

/** What the commands need of the world beyond the terminal. Each part is made when it is first asked for. */
export interface Services {
  /** @throws NotFound where the stack is not deployed. */
  stack(): Promise<StackOutputs>;
  registry(): Promise<RunRegistry>;
  approvals(): Promise<Approvals>;
  flags(): Promise<Flags>;
  alarms(): Alarms;
  metrics(): Metrics;
  /** A database by the name that the configuration gives it. */
  database(name: string): Promise<Database>;
  stateMachines(): StateMachines;
  functions(): Functions;
  /** Proves who runs this command, for just this purpose (`core/run/operator/purpose.ts`) and for about a minute. */
  proof(purpose: string): Promise<CallerProof>;
  /** ARN of who runs this command; undefined where STS does not say so within seconds. */
  caller(): Promise<string | undefined>;
  readonly progress: typeof readProgress;
  /** Runs the CDK CLI on this terminal and returns its exit code. */
  cdk(args: readonly string[]): Promise<number>;
}
