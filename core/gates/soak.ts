import { GateFailed } from "../errors.ts";
import type { Phase } from "../plan/phases.ts";
import type { RollbackAlarmsPlan } from "../plan/plan.ts";
import { readAlarms } from "./alarms.ts";
import { evaluate, reasonsOf } from "./evaluate.ts";
import type { GateEvaluation } from "./evaluation.ts";
import { gateTimes } from "./gate-times.ts";
import { recordEvaluation } from "./record-evaluation.ts";
import { enterPhase, secondsInPhase, type Ports, type Run } from "../run/run.ts";
import { done, wait, type StepResult } from "../run/step-result.ts";

type HoldPorts = Pick<Ports, "registry" | "database" | "clock" | "alarms">;

/** All traffic on the new path, for the plan's soak time, with the rollbackAlarms's alarms watched. */
export function soakPhase(ports: HoldPorts, run: Run): Promise<StepResult> {
  return hold(ports, run, { phase: "soak", seconds: run.plan.soakSeconds });
}

/** The same for the days of cooling, before anything is dropped. */
export function coolingPhase(ports: HoldPorts, run: Run): Promise<StepResult> {
  return hold(ports, run, { phase: "cooling", seconds: run.plan.coolingSeconds });
}

/**
 * Looks at a phase at the most, and at one hold in it: each is some 9 events of the 25,000 that an execution may have.
 * An alarm that fires ends the run by itself; the look is for one whose event got lost. Once a phase has had that many,
 * since an alarm comes and goes all through it, a hold is looked at as seldom as the phase: `MAX_POLLS` more at most.
 */
const MAX_POLLS = 500;
const MAX_POLLS_WAITING = 120;

interface Hold {
  readonly phase: Extract<Phase, "soak" | "cooling">;
  readonly seconds: number;
}

/** @throws GateFailed where an alarm fires, or was not OK for longer than the rollback alarms allows. */
async function hold(ports: HoldPorts, run: Run, { phase, seconds }: Hold): Promise<StepResult> {
  await enterPhase(ports, run, phase);
  const { rollbackAlarms } = run.plan;
  const { evaluation, looks } = await lookAt(ports, run, { phase, seconds });
  await recordEvaluation(ports.database, run, evaluation);
  if (evaluation.status === "fail") throw failed(evaluation);
  const seldom = Math.max(rollbackAlarms.pollSeconds, seconds / MAX_POLLS);
  if (evaluation.status === "wait") {
    return { ...holdOn(rollbackAlarms, evaluation, looks < MAX_POLLS ? 0 : seldom), gate: evaluation };
  }
  const left = seconds - evaluation.stableSeconds;
  if (left <= 0) return { ...done(`${String(seconds)} s of ${phase} are over, alarms OK`), gate: evaluation };
  const message = `${String(Math.ceil(left))} s of ${phase} left, alarms OK`;
  return { ...wait(Math.min(left, seldom), message), gate: evaluation };
}

interface Look {
  readonly evaluation: GateEvaluation;
  /** Looks at the phase before this one. */
  readonly looks: number;
}

/** A look passes where the alarms are OK, although the phase may last on. */
async function lookAt(ports: HoldPorts, run: Run, { phase, seconds }: Hold): Promise<Look> {
  const { rollbackAlarms } = run.plan;
  const conditions = rollbackAlarms.alarms.map((name) => ({ name, okForSeconds: 0 }));
  const readings = await readAlarms(ports.alarms, conditions, ports.clock.now());
  const times = await gateTimes(ports.database, run, phase);
  const limits = { gate: phase, stableForSeconds: 0, timeoutSeconds: rollbackAlarms.timeoutSeconds };
  const stableSeconds = await secondsInPhase(ports.database, run, phase);
  const evaluation = { ...evaluate(limits, readings, times), stableSeconds, stableForSeconds: seconds };
  return { evaluation, looks: times.looks };
}

function holdOn(
  { pollSeconds, timeoutSeconds }: RollbackAlarmsPlan,
  evaluation: GateEvaluation,
  leastSeconds: number,
): StepResult {
  const held = `waiting for ${String(Math.round(evaluation.waitedSeconds))} s of ${String(timeoutSeconds)} s`;
  const poll = Math.max(pollSeconds, timeoutSeconds / MAX_POLLS_WAITING, leastSeconds);
  return wait(poll, `${held}: ${reasonsOf(evaluation).join(", ")}`);
}

function failed(evaluation: GateEvaluation): GateFailed {
  return new GateFailed({
    object: evaluation.gate,
    problem: reasonsOf(evaluation).join(", "),
    remedy: "Traffic goes back to the old path; start the migration again when the alarms are OK",
  });
}
