import { PauseRefused } from "../../errors.ts";
import { REVERSIBLE } from "../../plan/phases.ts";
import type { CallerProof, Pause, RunRecord } from "../../ports.ts";
import { requireRun, terminalReason } from "../require-run.ts";
import { purpose } from "./purpose.ts";
import { validateReason } from "./reason.ts";
import type { Ports } from "../run.ts";

export interface PauseRequest {
  readonly run: string;
  readonly reason: string;
  /** Made for the purpose `pause` of run and reason. */
  readonly proof: CallerProof;
}

/** Who paused which run since when; `message` is for the person who did. */
export interface Paused extends Pause {
  readonly run: string;
  readonly message: string;
}

/**
 * Lets every step of the run stand by until somebody resumes it. Workers stop between two batches, within a second or
 * so; traffic stays where it is, the triggers keep both shapes equal, and an alarm still rolls the run back.
 *
 * @throws PauseRefused, NotFound, CallerUnknown.
 */
export async function pause(
  { registry, callers, clock }: Pick<Ports, "registry" | "callers" | "clock">,
  { run, reason, proof }: PauseRequest,
): Promise<Paused> {
  const by = await callers.identify(proof, purpose("pause", { run, reason }));
  const unfit = validateReason(reason);
  if (unfit !== undefined) throw refused(`the pause of run "${run}"`, unfit, 'Say why: --reason "..."');
  await requireRun(registry, run);
  const wanted: Pause = { by, at: clock.now().toISOString(), reason };
  const record = await registry.pause(run, wanted, REVERSIBLE);
  if (!isSame(record.paused, wanted)) throw notPaused(record);
  const message = `Run "${run}" is paused in phase ${record.phase}. To let it go on: sluice resume ${run}`;
  return { run, ...wanted, message };
}

function notPaused(record: RunRecord): PauseRefused {
  const object = `run "${record.runId}"`;
  if (record.paused) {
    const { by, at, reason } = record.paused;
    return refused(object, `is paused already, by ${by} since ${at}: ${reason}`, "It stays so until sluice resume");
  }
  return refused(object, terminalReason(record) ?? "could not be paused", "There is nothing left to pause");
}

export interface ResumeRequest {
  readonly run: string;
  /** Made for the purpose `resume` of run. */
  readonly proof: CallerProof;
}

/** Who ended which pause; `message` is for the person who did. */
export interface Resumed {
  readonly run: string;
  readonly by: string;
  readonly at: string;
  readonly message: string;
}

/**
 * Ends the pause and lets the run go on where it stands. The run is woken even where it was not paused: an earlier
 * call may have died just before that.
 *
 * @throws PauseRefused, NotFound, CallerUnknown.
 */
export async function resume(
  { registry, callbacks, callers, clock }: Pick<Ports, "registry" | "callbacks" | "callers" | "clock">,
  { run, proof }: ResumeRequest,
): Promise<Resumed> {
  const by = await callers.identify(proof, purpose("resume", { run }));
  await requireRun(registry, run);
  const at = clock.now().toISOString();
  const before = await registry.resume(run, { resumedBy: by, resumedAt: at });
  await callbacks.wake(run);
  if (before.paused) return { run, by, at, message: `Run "${run}" goes on in phase ${before.phase}` };
  throw refused(
    `run "${run}"`,
    terminalReason(before) ?? `is not paused; it is in phase ${before.phase}`,
    `See where it stands: sluice status ${run}`,
  );
}

function isSame(one: Pause | undefined, other: Pause): boolean {
  return one?.by === other.by && one.at === other.at && one.reason === other.reason;
}

function refused(object: string, problem: string, remedy: string): PauseRefused {
  return new PauseRefused({ object, problem, remedy });
}
