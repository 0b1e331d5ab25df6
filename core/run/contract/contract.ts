import { FlagDeploymentFailed } from "../../errors.ts";
import { appliedSteps } from "../../ledger/step.ts";
import { applyNextStep } from "../ddl/apply-steps.ts";
import { notOnNewPath } from "./new-path.ts";
import { notePhase, requirePhase, type Ports, type Run } from "../run.ts";
import type { StepResult } from "../step-result.ts";

type ContractPorts = Pick<Ports, "registry" | "database" | "flags">;

/**
 * Removes the old shape of a run that is claimed for it, one step a call.
 *
 * Nothing here fails as a gate does, since there is no way back any more. What must still hold at the drop is asked in
 * the drop's own transaction, and a step that is not begun for it can be mended and gone on with; so can one that is
 * not begun because somebody has sent traffic to the old path by hand, perhaps days later.
 *
 * So a run that goes on where another stopped inside contract makes no proof of its own: that one's proof covers every
 * row up to then, the sync triggers cover every row since, and that these are as they were made is just what the drop
 * asks under its lock.
 *
 * @throws FlagDeploymentFailed where the flag sends traffic to the shape that a step is to remove; LockNotAcquired;
 * StatementFailed; RunSuperseded.
 */
export async function contract(ports: ContractPorts, run: Run): Promise<StepResult> {
  await requirePhase(ports.registry, run, ["contract"]);
  const notNew = await notOnNewPath(ports.flags, run.plan);
  if (notNew && !(await isOver(ports, run))) throw new FlagDeploymentFailed({ ...notNew, remedy: BACK_TO_NEW });
  await notePhase(ports.database, run, "contract");
  return applyNextStep(ports.database, run, run.plan.contract);
}

/** With the old shape gone, the flag says nothing that a step could heed. */
async function isOver({ database }: ContractPorts, { plan }: Run): Promise<boolean> {
  const applied = await appliedSteps(database, plan.hash);
  return plan.contract.every(({ id }) => applied.has(id));
}

const BACK_TO_NEW =
  "Nothing more was dropped. Deploy what the last cutover step deployed again in the AppConfig console, then start the " +
  "migration again, which goes on with contract";
