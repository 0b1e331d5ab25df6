import { recordPauses } from "../ledger/pause.ts";
import { REVERSIBLE } from "../plan/phases.ts";
import { requirePhase, type Ports, type Run } from "./run.ts";

/** An execution, and with it whatever waits in it, lives for a year at the most. */
const TOKEN_LIFE_MS = 366 * 86_400_000;

type StandbyPorts = Pick<Ports, "registry" | "database" | "approvals" | "callbacks" | "clock">;

/**
 * Keeps the token by which the run is woken. What it waits for may have come to an end between the step's answer and
 * this call, when there was nothing to wake yet: so it is asked once more, now that whoever acts finds the token.
 *
 * @throws RunSuperseded where the run was rolled back, or contract has it.
 */
export async function waitForCallback(ports: StandbyPorts, run: Run, token: string): Promise<void> {
  await requirePhase(ports.registry, run, REVERSIBLE);
  const now = ports.clock.now();
  await ports.callbacks.keep(run.ref.id, token, new Date(now.getTime() + TOKEN_LIFE_MS));
  const record = await requirePhase(ports.registry, run, REVERSIBLE);
  if (record.paused === undefined && !(await isAsking(ports, run, now))) {
    await ports.callbacks.wake(run.ref.id);
    return;
  }
  // A ledger that does not answer keeps no run from standing by; whoever goes on tells it (see `pausable`).
  await recordPauses(ports.database, record).catch(() => undefined);
}

/** Past the deadline nobody can answer any more, and the gate has to say so. */
async function isAsking({ approvals }: StandbyPorts, run: Run, now: Date): Promise<boolean> {
  const asked = await approvals.ofRun(run.ref.id);
  return asked.some(({ decision, deadline }) => !decision && Date.parse(deadline) > now.getTime());
}
