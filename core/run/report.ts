import { recordOutcome } from "../ledger/run.ts";
import type { Session } from "../ports.ts";
import { sql } from "../sql/statement.ts";
import { gateReports, type GateReport } from "../gates/gate-report.ts";
import { shardJob } from "./shards/jobs.ts";
import { readProgress } from "./shards/progress.ts";
import { enterPhase, type Ports, type Run } from "./run.ts";
import { readFindings, type Findings } from "./shards/validation-result.ts";

/** What a run did, as its execution's output. Times are seconds. */
export interface RunReport {
  readonly runId: string;
  readonly migration: string;
  readonly planHash: string;
  readonly rowsSynced: number;
  readonly rowsPerSecond: number;
  readonly beforeCutover: Findings;
  readonly beforeContract: Findings;
  /** Times that DDL did not get its lock within lock_timeout. */
  readonly lockTimeouts: number;
  readonly secondsByPhase: Readonly<Record<string, number>>;
  /** Each gate that was asked, in the order of the first evaluation; soak and cooling, which are evaluated alike, among them. */
  readonly gates: readonly GateReport[];
  /** ARN of who started the run; absent for one that the console started. */
  readonly startedBy?: string;
}

/** Ends a run: writes the report, releases the table locks, notifies operators. */
export async function report(
  ports: Pick<Ports, "registry" | "database" | "clock" | "notifier">,
  run: Run,
): Promise<RunReport> {
  const { startedBy } = await enterPhase(ports, run, "done");
  const { database } = ports;
  const progress = await readProgress(database, { planHash: run.plan.hash, runId: run.ref.id });
  const backfill = progress.find(({ job }) => job === "backfill");
  const result: RunReport = {
    runId: run.ref.id,
    migration: run.plan.migration,
    planHash: run.plan.hash,
    rowsSynced: backfill?.rowsSynced ?? 0,
    rowsPerSecond: backfill?.rowsPerSecond ?? 0,
    beforeCutover: await readFindings(database, shardJob(run, "validate-before-cutover")),
    beforeContract: await readFindings(database, shardJob(run, "validate-before-contract")),
    lockTimeouts: await lockTimeouts(database, run.ref.id),
    secondsByPhase: await secondsByPhase(database, run.ref.id),
    gates: await gateReports(database, run.ref.id),
    ...(startedBy !== undefined && { startedBy }),
  };
  await recordOutcome(database, run.ref.id, "done");
  await ports.registry.releaseTableLocks(run.ref.id, "run");
  await ports.notifier.notify({
    subject: `Sluice: ${run.plan.migration} is done`,
    body: `${run.plan.operations.map(({ summary }) => summary).join("\n")}\n${JSON.stringify(result, undefined, 2)}`,
  });
  return result;
}

async function lockTimeouts(session: Session, runId: string): Promise<number> {
  const [row] = await session.execute(sql`
    SELECT CAST(count(*) AS int) AS n FROM sluice.event WHERE run_id = ${runId} AND kind = 'lock-timeout'`);
  return Number(row?.["n"] ?? 0);
}

async function secondsByPhase(session: Session, runId: string): Promise<Readonly<Record<string, number>>> {
  const rows = await session.execute(sql`
    SELECT phase, CAST(round(extract(epoch FROM
      lead(entered_at, 1, clock_timestamp()) OVER (ORDER BY entered_at) - entered_at), 1) AS double precision) AS seconds
    FROM sluice.phase WHERE run_id = ${runId} ORDER BY entered_at`);
  return Object.fromEntries(
    rows.filter((row) => row["phase"] !== "done").map((row) => [String(row["phase"]), Number(row["seconds"])]),
  );
}
