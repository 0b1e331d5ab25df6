import { readFileSync } from "node:fs";
import { join } from "node:path";
import { PROJECT_ROOT } from "./project-root.ts";
import { type StateMachineDefinition, withRetryPolicy } from "./retry-policy.ts";

/** A state machine as it is deployed, but for its `${...}`. */
export interface Definition {
  readonly body: StateMachineDefinition;
  /** What CloudFormation puts in: names of steps and of other state machines, each once. */
  readonly substitutions: readonly string[];
  /** Whether it has a Map state in Distributed mode, whose children are executions of the machine itself. */
  readonly distributed: boolean;
}

/** Reads `state-machines/<name>.asl.json` and adds the retry policy. */
export function readDefinition(name: string): Definition {
  const text = readFileSync(join(PROJECT_ROOT, "state-machines", `${name}.asl.json`), "utf8");
  const body = withRetryPolicy(JSON.parse(text) as StateMachineDefinition);
  return {
    body,
    substitutions: [...new Set([...text.matchAll(/\$\{(\w+)\}/g)].map(([, key = ""]) => key))],
    distributed: /"Mode":\s*"DISTRIBUTED"/.test(text),
  };
}
