import type { Phase } from "../plan/phases.ts";
import { alarmHealth } from "./alarm-health.ts";
import { judgeHealth } from "./gate.ts";
import { enterPhase, secondsInPhase, type Ports, type Run } from "./run.ts";
import { done, wait, type StepResult } from "./step-result.ts";

type HoldPorts = Pick<Ports, "control" | "database" | "clock" | "alarms">;

/** All traffic on the new path, for the plan's soak time, with the alarms watched. */
export function soakPhase(ports: HoldPorts, run: Run): Promise<StepResult> {
  return hold(ports, run, { phase: "soak", seconds: run.plan.soakSeconds });
}

/** The same for the days of cooling, before anything is dropped. */
export function coolingPhase(ports: HoldPorts, run: Run): Promise<StepResult> {
  return hold(ports, run, { phase: "cooling", seconds: run.plan.coolingSeconds });
}

/** Looks at a hold at the most: each is a few events of the 25,000 that an execution may have. */
const MOST_LOOKS = 500;

async function hold(
  ports: HoldPorts,
  run: Run,
  { phase, seconds }: { readonly phase: Extract<Phase, "soak" | "cooling">; readonly seconds: number },
): Promise<StepResult> {
  await enterPhase(ports, run, phase);
  const health = await alarmHealth(ports.alarms, run.plan.gate.alarms);
  const judged = await judgeHealth(ports.database, run, { subject: phase, health, failAtOnce: true });
  if (judged.status !== "done") return judged;
  const left = seconds - (await secondsInPhase(ports.database, run, phase));
  if (left <= 0) return done(`${String(seconds)} s of ${phase} are over, alarms OK`);
  const poll = Math.max(run.plan.gate.pollSeconds, seconds / MOST_LOOKS);
  return wait(Math.min(left, poll), `${String(Math.ceil(left))} s of ${phase} left, alarms OK`);
}
