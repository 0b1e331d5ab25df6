import { GateFailed } from "../../errors.ts";
import { enters } from "../../plan/phases.ts";
import { requireNoLateDependents } from "../ddl/late-dependents.ts";
import { notOnNewPath } from "./new-path.ts";
import { pausedAnswer } from "../pausable.ts";
import { requireProofStands } from "./proof-stands.ts";
import { requirePhase, superseded, type Ports, type Run } from "../run.ts";
import { done, type StepResult } from "../step-result.ts";

/**
 * Looks once more at all that must hold before the old shape goes, then claims the run for contract by
 * compare-and-set: from then on a rollback is refused, and before it this one is, if a rollback was first. A run that
 * is paused is not claimed. Claiming it twice changes nothing.
 *
 * It is a step of its own, since whatever fails here fails with the way back open, and nothing after it does.
 *
 * @throws GateFailed where the flag does not send all traffic to the new path, where something came to depend on the
 * old shape that the plan does not know of, or where the proof does not stand any more; RunSuperseded.
 */
export async function claimContract(
  ports: Pick<Ports, "registry" | "database" | "clock" | "flags">,
  run: Run,
): Promise<StepResult> {
  const { phase } = await requirePhase(ports.registry, run, ["cooling", "contract"]);
  if (phase === "contract") return done(CLAIMED);
  const notNew = await notOnNewPath(ports.flags, run.plan);
  if (notNew) throw new GateFailed(notNew);
  await requireNoLateDependents(ports.database, run.plan);
  await requireProofStands(ports.database, run);
  const record = await ports.registry.transition({
    runId: run.ref.id,
    from: enters("contract"),
    to: "contract",
    at: ports.clock.now().toISOString(),
    unlessPaused: true,
  });
  if (record.phase === "contract") return done(CLAIMED);
  const paused = record.phase === "cooling" ? await pausedAnswer(ports, record) : undefined;
  if (paused) return paused;
  throw superseded(record, "contract");
}

const CLAIMED = "the run is claimed: from here there is no way back";
