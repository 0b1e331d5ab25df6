import { GateFailed, ServiceRefused } from "../errors.ts";
import type { Phase } from "../plan/phases.ts";
import type { Metrics } from "../ports.ts";
import { enterPhase, secondsInPhase, type Ports, type Run } from "../run/run.ts";
import { done, wait, type StepResult } from "../run/step-result.ts";
import { evaluate, reasonsOf } from "./evaluate.ts";
import type { GateEvaluation } from "./evaluation.ts";
import { planConditions, type RollbackAlarmsPlan } from "./gate-plan.ts";
import { gateTimes } from "./gate-times.ts";
import { readConditions } from "./read-conditions.ts";
import { recordEvaluation } from "./record-evaluation.ts";

type SoakPorts = Pick<Ports, "registry" | "database" | "clock" | "alarms">;

/** All traffic on the new path, for the plan's soak time, with the rollback alarms watched. */
export function soakPhase(ports: SoakPorts, run: Run): Promise<StepResult> {
  return soak(ports, run, { phase: "soak", seconds: run.plan.soakSeconds });
}

/** The same for the days of cooling, before anything is dropped. */
export function coolingPhase(ports: SoakPorts, run: Run): Promise<StepResult> {
  return soak(ports, run, { phase: "cooling", seconds: run.plan.coolingSeconds });
}

/**
 * Polls of a phase at most, and of one wait in it: each is some 9 events of the 25,000 that an execution may have. An
 * alarm that fires ends the run by itself; the poll is for one whose event got lost. Once a phase has had that many,
 * since an alarm comes and goes all through it, a wait is polled as seldom as the phase: `MAX_POLLS` more at most.
 */
const MAX_POLLS = 500;
const MAX_POLLS_WAITING = 120;

interface Soak {
  readonly phase: Extract<Phase, "soak" | "cooling">;
  readonly seconds: number;
}

/** @throws GateFailed where an alarm fires, or was not OK for longer than the plan's rollback alarms allow. */
async function soak(ports: SoakPorts, run: Run, { phase, seconds }: Soak): Promise<StepResult> {
  await enterPhase(ports, run, phase);
  const { rollbackAlarms } = run.plan;
  const { evaluation, polls } = await poll(ports, run, { phase, seconds });
  await recordEvaluation(ports.database, run.ref.id, evaluation);
  if (evaluation.status === "fail") throw failed(evaluation);
  const seldom = Math.max(rollbackAlarms.pollSeconds, seconds / MAX_POLLS);
  if (evaluation.status === "wait") {
    return { ...pollAgain(rollbackAlarms, evaluation, polls < MAX_POLLS ? 0 : seldom), gate: evaluation };
  }
  const left = seconds - evaluation.stableSeconds;
  if (left <= 0) return { ...done(`${String(seconds)} s of ${phase} are over, alarms OK`), gate: evaluation };
  const message = `${String(Math.ceil(left))} s of ${phase} left, alarms OK`;
  return { ...wait(Math.min(left, seldom), message), gate: evaluation };
}

/** No condition that a gate has undeclared reads metrics, and so neither function may: one that did would not pass. */
const NO_METRICS: Metrics = {
  values: () =>
    Promise.reject(
      new ServiceRefused({
        object: "metrics",
        problem: "are not read in soak and cooling",
        remedy: "Declare the condition at a gate",
      }),
    ),
};

interface Poll {
  readonly evaluation: GateEvaluation;
  /** Polls of the phase before this one. */
  readonly polls: number;
}

/** What a gate that declares nothing asks for. It passes where the alarms are OK, although the phase may last on. */
async function poll(ports: SoakPorts, run: Run, { phase, seconds }: Soak): Promise<Poll> {
  const { alarms, timeoutSeconds } = run.plan.rollbackAlarms;
  const runId = run.ref.id;
  const { alarms: alarmStates, database, clock } = ports;
  const context = {
    ports: { alarms: alarmStates, metrics: NO_METRICS, database, clock },
    runId,
    now: clock.now(),
    approval: undefined,
  };
  const readings = await readConditions(context, planConditions(undefined, { alarms }));
  const times = await gateTimes(ports.database, runId, phase);
  const stableSeconds = await secondsInPhase(ports.database, run, phase);
  const evaluation = evaluate({ gate: phase, stableForSeconds: 0, timeoutSeconds }, readings, times);
  return { evaluation: { ...evaluation, stableSeconds, stableForSeconds: seconds }, polls: times.polls };
}

function pollAgain(
  { pollSeconds, timeoutSeconds }: RollbackAlarmsPlan,
  evaluation: GateEvaluation,
  leastSeconds: number,
): StepResult {
  const waited = `waiting for ${String(Math.round(evaluation.waitedSeconds))} s of ${String(timeoutSeconds)} s`;
  const seconds = Math.max(pollSeconds, timeoutSeconds / MAX_POLLS_WAITING, leastSeconds);
  return wait(seconds, `${waited}: ${reasonsOf(evaluation).join(", ")}`);
}

function failed(evaluation: GateEvaluation): GateFailed {
  return new GateFailed({
    object: evaluation.gate,
    problem: reasonsOf(evaluation).join(", "),
    remedy: "Traffic goes back to the old path; start the migration again when the alarms are OK",
  });
}
