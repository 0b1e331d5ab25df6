import { ApprovalDenied, GateFailed, type ErrorDetails } from "../errors.ts";
import { REVERSIBLE } from "../plan/phases.ts";
import { pausedAnswer } from "../run/pausable.ts";
import { requirePhase, type Ports, type Run } from "../run/run.ts";
import type { StepResult } from "../run/step-result.ts";
import { asksPeople } from "./conditions/kinds.ts";
import { reasonsOf } from "./evaluate.ts";
import type { GateEvaluation } from "./evaluation.ts";
import type { GatePlan } from "./gate-plan.ts";

/** A gate that does not pass, and why. */
export interface FailedGate {
  readonly plan: GatePlan;
  readonly evaluation: GateEvaluation;
  /** A person has rejected it, which no pause changes. */
  readonly rejected: boolean;
}

/**
 * What a failed gate does to the run: an error, which the state machine catches and rolls back, or a pause.
 *
 * Operators are notified before the run is paused: twice after a crash between the two, but never not at all.
 *
 * @throws GateFailed; ApprovalDenied
 */
export async function failGate(
  ports: Pick<Ports, "registry" | "database" | "notifier" | "clock">,
  run: Run,
  failed: FailedGate,
): Promise<StepResult> {
  const error = gateError(failed);
  if (failed.rejected || failed.plan.onFail === "rollback") throw error;
  const by = `gate ${failed.plan.name}`;
  const reason = error.details.problem;
  await ports.notifier.notify(pauseMessage(run, failed.plan, reason));
  const pause = { by, at: ports.clock.now().toISOString(), reason };
  const record = await ports.registry.pause(run.ref.id, pause, REVERSIBLE);
  const answer = await pausedAnswer(ports, record);
  if (answer) return { ...answer, gate: failed.evaluation };
  await requirePhase(ports.registry, run, REVERSIBLE);
  throw error;
}

function gateError({ plan, evaluation }: FailedGate): GateFailed | ApprovalDenied {
  const denied = evaluation.readings.some(({ kind, status }) => status === "fail" && asksPeople(kind));
  const details: ErrorDetails = {
    object: `gate ${plan.name}`,
    problem: reasonsOf(evaluation).join(", "),
    remedy: denied
      ? "Traffic goes back to the old path; start the migration again to be asked anew"
      : "Traffic goes back to the old path; start the migration again when every condition of the gate passes",
  };
  return denied ? new ApprovalDenied(details) : new GateFailed(details);
}

function pauseMessage({ plan, ref }: Run, gate: GatePlan, reason: string): { subject: string; body: string } {
  return {
    subject: `Sluice: ${plan.migration} is paused at gate ${gate.name}`,
    body: [
      `Run ${ref.id} is paused: gate ${gate.name} did not pass.`,
      `Why: ${reason}`,
      `Traffic stays where it is until an operator decides:`,
      `  npx sluice resume ${ref.id}    the gate is asked anew, with all of its time`,
      `  npx sluice rollback ${ref.id}  all traffic goes back to the old path`,
    ].join("\n"),
  };
}
