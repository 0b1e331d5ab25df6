import { DecisionRefused } from "../../errors.ts";
import type { CallerProof } from "../../ports.ts";
import { purpose } from "./purpose.ts";
import type { Ports } from "../run.ts";

export interface StartRequest {
  /** The name that the run gets. */
  readonly run: string;
  readonly migration: string;
  /** Made for the purpose `start` of run and migration. */
  readonly proof: CallerProof;
}

/**
 * Starts a run for the person who proves to be the caller. The name is theirs first, so that pre-flight finds who
 * started the run however soon it looks; a repeated call of the same person changes nothing.
 *
 * @throws DecisionRefused where the name is taken; CallerUnknown.
 */
export async function start(
  { registry, executions, callers }: Pick<Ports, "registry" | "executions" | "callers">,
  { run, migration, proof }: StartRequest,
): Promise<{ readonly run: string; readonly executionArn: string }> {
  const by = await callers.identify(proof, purpose("start", { run, migration }));
  await registry.recordInitiator(run, by);
  const initiator = await registry.initiator(run);
  if (initiator !== by) throw taken(run, `${initiator ?? "somebody else"} is starting a run of this name`);
  const known = await registry.run(run);
  if (known && known.startedBy !== by) throw taken(run, `there is a run of this name, of ${known.migration}`);
  const executionArn = await executions.startRun(run, migration);
  if (executionArn === undefined) throw taken(run, "there is an execution of this name");
  return { run, executionArn };
}

function taken(run: string, problem: string): DecisionRefused {
  return new DecisionRefused({ object: `run "${run}"`, problem, remedy: "Start it under another name" });
}
