import { GateFailed } from "../errors.ts";
import { sameFlagState } from "../flag.ts";
import { applyNextStep } from "./apply-steps.ts";
import { requireNoLateDependents } from "./late-dependents.ts";
import { enterPhase, type Ports, type Run } from "./run.ts";
import type { StepResult } from "./step-result.ts";

/**
 * Removes the old shape, one step a call. The first call claims the run by compare-and-set: from then on a rollback
 * is refused, and before it this one is, if a rollback was first.
 *
 * @throws GateFailed where the flag does not send all traffic to the new path, or where something came to depend on
 * the old shape that the plan does not know of; nothing was dropped.
 */
export async function contract(
  ports: Pick<Ports, "control" | "database" | "clock" | "flags">,
  run: Run,
): Promise<StepResult> {
  await requireNewPath(ports, run);
  await requireNoLateDependents(ports.database, run.plan);
  await enterPhase(ports, run, "contract");
  return applyNextStep(ports.database, run, run.plan.contract);
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
