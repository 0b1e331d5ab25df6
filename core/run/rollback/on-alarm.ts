import { REVERSIBLE, type Phase } from "../../plan/phases.ts";
import type { RunRecord } from "../../ports.ts";
import type { Ports } from "../run.ts";

/** An alarm that fired, as CloudWatch reports it. */
export interface FiredAlarm {
  readonly alarm: string;
  /** CloudWatch's own text: the threshold, and the data points that crossed it. */
  readonly reason: string;
  /** When it fired; ISO 8601. */
  readonly at: string;
}

/** What was done about it: names of runs. */
export interface AlarmReport {
  readonly rolledBack: readonly string[];
  /** In contract: nothing returns their traffic. */
  readonly tooLate: readonly string[];
}

/**
 * Seconds after the alarm fired. A run that began later found it OK in its preflight, so the event is late and is not
 * about it. As far as this, the clocks of CloudWatch and of the run may differ; the run's first gate reads the alarm too.
 */
const MAX_CLOCK_DIFFERENCE_SECONDS = 300;

/**
 * Rolls back every run that names the alarm and can be rolled back. It needs no approval and reads nothing else: the
 * rollback's transition decides between it, contract and any other rollback. The same event may come any number of
 * times. A rollback that died is started again: until it has ended, its run has its tables locked.
 *
 * @throws what the first start or message failed with, once all the others were tried: the event then comes again.
 */
export async function onAlarm(ports: AlarmPorts, fired: FiredAlarm): Promise<AlarmReport> {
  const { registry, notifier } = ports;
  const runs = (await registry.runsWatchedBy(fired.alarm, [...REVERSIBLE, "rolled-back", "contract"])).filter(
    ({ startedAt }) => Date.parse(startedAt) - Date.parse(fired.at) <= MAX_CLOCK_DIFFERENCE_SECONDS * 1_000,
  );
  const inPhase = (phases: readonly Phase[]) => runs.filter(({ phase }) => phases.includes(phase));
  const tooLate = inPhase(["contract"]);
  const reason = `alarm "${fired.alarm}" fired: ${fired.reason}`;
  const [rolledBack, unfinished, notified] = await Promise.all([
    startRollbacks(ports, inPhase(REVERSIBLE), reason),
    findUnfinished(ports, inPhase(["rolled-back"])).then(async ({ found, failures }) => {
      const started = await startRollbacks(ports, found, reason);
      return { ...started, failures: [...failures, ...started.failures] };
    }),
    Promise.allSettled(tooLate.map((run) => notifier.notify(tooLateFor(run, reason)))),
  ]);
  const [failure] = [...rolledBack.failures, ...unfinished.failures, ...rejectedOf(notified)];
  if (failure) throw failure.reason;
  return { rolledBack: names([...rolledBack.started, ...unfinished.started]), tooLate: names(tooLate) };
}

type AlarmPorts = Pick<Ports, "registry" | "executions" | "notifier">;

/** Each independently: one that cannot be started does not prevent the others. */
async function startRollbacks(
  { executions }: Pick<AlarmPorts, "executions">,
  runs: readonly RunRecord[],
  reason: string,
): Promise<{ readonly started: readonly RunRecord[]; readonly failures: readonly PromiseRejectedResult[] }> {
  const outcomes = await Promise.allSettled(runs.map(({ runId }) => executions.startRollback({ run: runId, reason })));
  return {
    started: runs.filter((_, index) => outcomes[index]?.status === "fulfilled"),
    failures: rejectedOf(outcomes),
  };
}

/** Of the many runs of a table that were ever rolled back, one at most has it locked still: its rollback is not over. */
async function findUnfinished(
  { registry }: Pick<AlarmPorts, "registry">,
  rolledBack: readonly RunRecord[],
): Promise<{ readonly found: readonly RunRecord[]; readonly failures: readonly PromiseRejectedResult[] }> {
  const tables = [...new Set(rolledBack.flatMap((run) => run.tables))];
  const outcomes = await Promise.allSettled(tables.map((table) => registry.lockHolders([table])));
  const holders = outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [...outcome.value.values()] : []));
  const found = rolledBack.filter(({ runId }) => holders.some((holder) => holder.runId === runId));
  return { found, failures: rejectedOf(outcomes) };
}

function rejectedOf(outcomes: readonly PromiseSettledResult<unknown>[]): readonly PromiseRejectedResult[] {
  return outcomes.filter((outcome) => outcome.status === "rejected");
}

function names(runs: readonly RunRecord[]): readonly string[] {
  return runs.map(({ runId }) => runId).sort();
}

function tooLateFor(
  { runId, migration }: RunRecord,
  reason: string,
): { readonly subject: string; readonly body: string } {
  return {
    subject: `Sluice: ${migration} cannot be rolled back any more`,
    body:
      `${reason}\nRun ${runId} names this alarm and is in contract: the old shape is being removed, so there is no ` +
      `path to return traffic to. Nothing was done. Fix it on the new shape; sluice status ${runId} shows how far ` +
      `contract is.`,
  };
}
