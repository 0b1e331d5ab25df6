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
 * A rollback that died is started again: until it has ended, its run holds the table.
 *
 * @throws what the first start or message failed with, once all the others were tried: the event then comes again.
 */
export async function onAlarm(
  { registry, executions, notifier }: Pick<Ports, "registry" | "executions" | "notifier">,
  fired: FiredAlarm,
): Promise<AlarmReport> {
  const runs = (await registry.runsWatchedBy(fired.alarm, [...REVERSIBLE, "rolled-back", "contract"])).filter(
    ({ startedAt }) => Date.parse(startedAt) - Date.parse(fired.at) <= NEWS_SECONDS * 1_000,
  );
  const inPhase = (phases: readonly Phase[]) => runs.filter(({ phase }) => phases.includes(phase));
  const reversible = inPhase(REVERSIBLE);
  const claimed = inPhase(["rolled-back"]);
  const tooLate = inPhase(["contract"]);
  const reason = `alarm "${fired.alarm}" fired: ${fired.reason}`;
  const rollBack = async (run: RunRecord): Promise<RunRecord> => {
    await executions.startRollback({ run: run.runId, reason });
    return run;
  };
  const [started, told] = await Promise.all([
    Promise.allSettled([
      ...reversible.map(rollBack),
      // Of the many runs of a table that were ever rolled back, one at most holds it still.
      ...[...new Set(claimed.map(({ table }) => table))].map(async (table) => {
        const holder = await registry.holder(table);
        const unfinished = claimed.find(({ runId }) => runId === holder?.runId);
        return unfinished && rollBack(unfinished);
      }),
    ]),
    Promise.allSettled(tooLate.map((run) => notifier.notify(tooLateFor(run, reason)))),
  ]);
  const failure = [...started, ...told].find((outcome) => outcome.status === "rejected");
  if (failure) throw failure.reason;
  const rolledBack = started.flatMap((outcome) => (outcome.status === "fulfilled" ? (outcome.value ?? []) : []));
  return { rolledBack: names(rolledBack), tooLate: names(tooLate) };
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
