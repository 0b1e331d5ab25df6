import type { Phase } from "../../plan/phases.ts";
import { pausedAnswer } from "../pausable.ts";
import { requirePhase, type Ports, type Run } from "../run.ts";
import { more, type StepResult } from "../step-result.ts";
import { workShards, type ShardWork } from "./work-shards.ts";

export interface SliceOfWork {
  /** Outside of these the run's workers have nothing to do. */
  readonly phases: readonly Phase[];
  readonly work: Omit<ShardWork, "mayGoOn">;
}

/**
 * One worker's slice. It ends within a second and a batch after the run is paused or rolled back, and then answers as
 * it would have at its beginning.
 *
 * @throws RunSuperseded where the run was rolled back.
 */
export async function workSlice(
  ports: Pick<Ports, "registry" | "database" | "clock">,
  run: Run,
  { phases, work }: SliceOfWork,
): Promise<StepResult> {
  await requirePhase(ports.registry, run, phases);
  const result = await workShards(ports.database, ports.clock, { ...work, mayGoOn: () => mayGoOn(ports, run, phases) });
  if (result !== "interrupted") return result;
  const record = await requirePhase(ports.registry, run, phases);
  return (await pausedAnswer(ports, record)) ?? more("may go on again");
}

/** A registry that cannot be read lets nobody go on: the shard is given back, and the look is taken again, or fails. */
async function mayGoOn({ registry }: Pick<Ports, "registry">, run: Run, phases: readonly Phase[]): Promise<boolean> {
  const record = await registry.run(run.ref.id).catch(() => undefined);
  return record !== undefined && phases.includes(record.phase) && record.paused === undefined;
}
