import { REVERSIBLE, type Phase } from "../../plan/phases.ts";
import type { RunRecord } from "../../ports.ts";
import type { Ports } from "../run.ts";

/** An alarm that fired, as CloudWatch tells it. */
export interface FiredAlarm {
  readonly alarm: string;
  /** CloudWatch's own words: the threshold, and the points that crossed it. */
  readonly reason: string;
  /** When it fired; ISO 8601. */
  readonly at: string;
}

/** What came of it: names of runs. */
export interface AlarmReport {
  readonly rolledBack: readonly string[];
  /** In contract: nothing returns their traffic. */
  readonly tooLate: readonly string[];
}

/**
 * A run that began so long after the alarm fired has found it OK in its pre-flight: an event that comes late is no
 * news to it. Within these, the clocks of CloudWatch and of whoever began the run may differ; the run's first gate
 * reads the alarm as well.
 */
const NEWS_SECONDS = 300;

/**
 * Rolls back every run that names the alarm and can be. It asks for nobody's leave, and looks at nothing else: the
 * rollback's claim decides between it, contract and any other rollback. The same alarm may come any number of times.
 * A rollback that died is started again: until it has ended, its run has its tables locked.
 *
 * @throws what the first start or message failed with, once all the others were tried: the event then comes again.
 */
export async function onAlarm(ports: AlarmPorts, fired: FiredAlarm): Promise<AlarmReport> {
  const { registry, notifier } = ports;
  const runs = (await registry.runsWatchedBy(fired.alarm, [...REVERSIBLE, "rolled-back", "contract"])).filter(
    ({ startedAt }) => Date.parse(startedAt) - Date.parse(fired.at) <= NEWS_SECONDS * 1_000,
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

/** Each for itself: one that cannot be started keeps no other from it. */
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
      `path to return traffic to. Nothing was done. Mend it on the new shape; sluice status ${runId} says how far ` +
      `contract is.`,
  };
}
