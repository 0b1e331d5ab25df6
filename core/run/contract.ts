import { GateFailed } from "../errors.ts";
import { sameFlagState } from "../flag.ts";
import { enters } from "../plan/phases.ts";
import { applyNextStep } from "./apply-steps.ts";
import { requireNoLateDependents } from "./late-dependents.ts";
import { pausedAnswer } from "./pausable.ts";
import { requireProofStands } from "./proof-stands.ts";
import { notePhase, requirePhase, superseded, type Ports, type Run } from "./run.ts";
import type { StepResult } from "./step-result.ts";

type ContractPorts = Pick<Ports, "control" | "database" | "clock" | "flags">;

/**
 * Removes the old shape, one step a call. The first call looks once more at all that must hold, then claims the run by
 * compare-and-set: from then on a rollback is refused, and before it this one is, if a rollback was first. A run that
 * is paused is not claimed.
 *
 * After the claim nothing here fails as a gate does, since there is no way back any more. What must still hold at the
 * drop is asked in the drop's own transaction, and a step that is not begun for it can be mended and gone on with. So a
 * run that goes on where another stopped inside contract makes no proof of its own: that one's proof covers every row
 * up to then, the sync triggers cover every row since, and that these are as they were made is just what the drop asks
 * under its lock.
 *
 * @throws GateFailed, before the claim only, where the flag does not send all traffic to the new path, where something
 * came to depend on the old shape that the plan does not know of, or where the proof does not stand any more; nothing
 * was dropped.
 */
export async function contract(ports: ContractPorts, run: Run): Promise<StepResult> {
  const { phase } = await requirePhase(ports.control, run, ["cooling", "contract"]);
  if (phase === "cooling") {
    await requireNewPath(ports, run);
    await requireNoLateDependents(ports.database, run.plan);
    await requireProofStands(ports.database, run);
    const paused = await claim(ports, run);
    if (paused) return paused;
  }
  await notePhase(ports.database, run, "contract");
  return applyNextStep(ports.database, run, run.plan.contract);
}

/** @returns what to answer where somebody paused the run just before it would have been claimed. */
async function claim(ports: ContractPorts, run: Run): Promise<StepResult | undefined> {
  const record = await ports.control.transition({
    runId: run.ref.id,
    from: enters("contract"),
    to: "contract",
    at: ports.clock.now().toISOString(),
    unlessPaused: true,
  });
  if (record.phase === "contract") return undefined;
  const paused = record.phase === "cooling" ? await pausedAnswer(ports, record) : undefined;
  if (paused) return paused;
  throw superseded(record, "contract");
}

async function requireNewPath({ flags }: Pick<Ports, "flags">, { plan }: Run): Promise<void> {
  const wanted = plan.cutover.at(-1)?.flag;
  if (await flags.inFlight(plan.migration)) throw changing(plan.migration);
  const current = await flags.current(plan.migration);
  if (current && wanted && sameFlagState(current, wanted)) return;
  throw new GateFailed({
    object: `flag "${plan.migration}"`,
    problem: `is not what the last cutover step deployed, so somebody may still use the old shape: ${JSON.stringify(current)}`,
    remedy: "Nothing was dropped. Find who changed the flag; start the migration again to cut over anew",
  });
}

/** A deployment that bakes is with every client already, and no complete one yet. */
function changing(migration: string): GateFailed {
  return new GateFailed({
    object: `flag "${migration}"`,
    problem: "is being deployed anew, so somebody may be sent to the old shape at this moment",
    remedy: "Nothing was dropped. Find who deploys the flag; start the migration again to cut over anew",
  });
}
