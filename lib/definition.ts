import { readFileSync } from "node:fs";
import { join } from "node:path";
import { PROJECT_ROOT } from "./project-root.ts";

/** A state machine as it is deployed, but for its `${...}`. */
export interface Definition {
  readonly body: object;
  /** What CloudFormation puts in: names of steps, of other state machines, and `Partition`; each once. */
  readonly substitutions: readonly string[];
  /** Whether it has a Map state in Distributed mode, whose children are executions of the machine itself. */
  readonly distributed: boolean;
}

/** Reads `state-machines/<name>.asl.json`, which is rendered from the TypeScript beside it. */
export function readDefinition(name: string): Definition {
  const text = readFileSync(join(PROJECT_ROOT, "state-machines", `${name}.asl.json`), "utf8");
  return {
    body: JSON.parse(text) as object,
    substitutions: [...new Set([...text.matchAll(/\$\{(\w+)\}/g)].map(([, key = ""]) => key))],
    distributed: /"Mode":\s*"DISTRIBUTED"/.test(text),
  };
}
