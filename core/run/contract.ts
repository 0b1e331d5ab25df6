import { FlagDeploymentFailed, GateFailed, type ErrorDetails } from "../errors.ts";
import { sameFlagState } from "../flag.ts";
import { appliedSteps } from "../ledger/step.ts";
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
 * drop is asked in the drop's own transaction, and a step that is not begun for it can be mended and gone on with; so
 * can one that is not begun because somebody has sent traffic to the old path by hand, perhaps days later.
 *
 * So a run that goes on where another stopped inside contract makes no proof of its own: that one's proof covers every
 * row up to then, the sync triggers cover every row since, and that these are as they were made is just what the drop
 * asks under its lock.
 *
 * @throws FlagDeploymentFailed, after the claim, where the flag sends traffic to the shape that a step is to remove;
 * GateFailed, before the claim only, where the flag does not send all traffic to the new path, where something came to
 * depend on the old shape that the plan does not know of, or where the proof does not stand any more; nothing was
 * dropped.
 */
export async function contract(ports: ContractPorts, run: Run): Promise<StepResult> {
  const { phase } = await requirePhase(ports.control, run, ["cooling", "contract"]);
  const notNew = await notOnNewPath(ports, run);
  if (phase === "cooling") {
    if (notNew) throw new GateFailed(notNew);
    await requireNoLateDependents(ports.database, run.plan);
    await requireProofStands(ports.database, run);
    const paused = await claim(ports, run);
    if (paused) return paused;
  } else if (notNew && !(await isOver(ports, run))) {
    throw new FlagDeploymentFailed({ ...notNew, remedy: BACK_TO_NEW });
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

/** With the old shape gone, the flag says nothing that a step could heed. */
async function isOver({ database }: ContractPorts, { plan }: Run): Promise<boolean> {
  const applied = await appliedSteps(database, plan.hash);
  return plan.contract.every(({ id }) => applied.has(id));
}

const BACK_TO_NEW =
  "Nothing more was dropped. Deploy what the last cutover step deployed again in the AppConfig console, then start the " +
  "migration again, which goes on with contract";

/** What is wrong with the traffic; undefined where all of it is on the new path. */
async function notOnNewPath({ flags }: ContractPorts, { plan }: Run): Promise<ErrorDetails | undefined> {
  const object = `flag "${plan.migration}"`;
  const remedy = "Nothing was dropped. Find who changed the flag; start the migration again to cut over anew";
  // A deployment that bakes is with every client already, and no complete one yet.
  if (await flags.inFlight(plan.migration)) {
    const problem = "is being deployed anew, so somebody may be sent to the old shape at this moment";
    return { object, problem, remedy };
  }
  const wanted = plan.cutover.at(-1)?.flag;
  const current = await flags.current(plan.migration);
  if (current && wanted && sameFlagState(current, wanted)) return undefined;
  const problem = `is not what the last cutover step deployed, so somebody may still use the old shape: ${JSON.stringify(current)}`;
  return { object, problem, remedy };
}
