import { count, counted } from "../../counted.ts";
import { DivergenceFound, ValidationIncomplete } from "../../errors.ts";
import { recordEvent } from "../../ledger/event.ts";
import { countShards, createShards, type ShardJob } from "../../ledger/shard.ts";
import { percent } from "../../percent.ts";
import type { Session } from "../../ports.ts";
import { sql } from "../../sql/statement.ts";
import { shardJob, type ValidationJobName } from "./jobs.ts";
import { requirePhase, type Ports, type Run } from "../run.ts";
import { done, type StepResult } from "../step-result.ts";

/** What a proof found, over every row that the table had. Counts are rows. */
export interface Findings {
  readonly rows: number;
  readonly segments: number;
  readonly oldNulls: number;
  readonly newNulls: number;
  readonly mismatches: number;
  /** Segments whose hash sums, null counts or rows differ between the sides. */
  readonly differingSegments: number;
  /** The segments with the most mismatches, at most five, as JSON text with their counts. */
  readonly worst: readonly string[];
}

/**
 * Judges a proof. Missing data is never a pass, and a difference that the counts do not show but the hashes do is
 * one all the same.
 *
 * @throws ValidationIncomplete where a shard was not read; DivergenceFound above the plan's limit.
 */
export async function judgeValidation(
  { registry, database }: Pick<Ports, "registry" | "database">,
  run: Run,
  jobName: ValidationJobName,
): Promise<StepResult> {
  await requirePhase(registry, run, ["validate", "cooling"]);
  if (run.plan.validation.scan === "") return done("the plan keeps no columns in sync: there is nothing to compare");
  const job = shardJob(run, jobName);
  // A partition that was attached or rewritten after the workers ended has no shard, and would not be missed.
  await createShards(database, job, { shardBlocks: run.plan.validation.shardBlocks, openEnded: true });
  const { pending, total } = await countShards(database, job);
  if (pending > 0 || total === 0) {
    throw new ValidationIncomplete({
      object: `proof ${jobName}`,
      problem: `${count(pending)} of ${counted(total, "shard")} not read, or the table was rewritten in the meantime`,
      remedy: "Start the migration again when nothing rewrites the table",
    });
  }
  const findings = await readFindings(database, job);
  await recordEvent(database, {
    runId: run.ref.id,
    kind: "validation-result",
    subject: jobName,
    detail: { ...findings },
  });
  judge(findings, run, jobName);
  return done(
    `${counted(findings.rows, "row")} in ${counted(findings.segments, "segment")}, ${count(findings.mismatches)} differ`,
  );
}

function judge(findings: Findings, run: Run, jobName: ValidationJobName): void {
  const divergence = findings.rows === 0 ? 0 : findings.mismatches / findings.rows;
  const allowed = allowedDivergence(run, jobName);
  // Above a limit of zero some segments must differ; under it, none may differ in any way.
  if (divergence <= allowed && (allowed > 0 || findings.differingSegments === 0)) return;
  const { maxDivergence } = run.plan.validation;
  const stricter =
    allowed < maxDivergence
      ? `; validate.max_divergence (${percent(maxDivergence)}) is for the cutover alone, since the drop would lose what the old side holds of these rows`
      : "";
  throw new DivergenceFound({
    object: `proof ${jobName}`,
    problem:
      `${count(findings.mismatches)} of ${counted(findings.rows, "row")} differ (${percent(divergence)}, ` +
      `allowed ${percent(allowed)}${stricter}), ${counted(findings.differingSegments, "segment")}; worst: ${findings.worst.join("; ")}`,
    remedy: "Find who writes past the sync triggers, mend the rows, and start the migration again",
  });
}

/**
 * The share of rows that may differ. Before contract it is none, whatever the migration allows for its cutover: there
 * traffic can return, here the old side of such a row is lost. An operation that is not reversible has had its loss
 * acknowledged in the migration.
 */
function allowedDivergence({ plan }: Run, jobName: ValidationJobName): number {
  return jobName === "validate-before-contract" && plan.reversible ? 0 : plan.validation.maxDivergence;
}

/** Sums of a job's checks over the relations as they are now: a rewritten relation's old findings do not count. */
export async function readFindings(session: Session, job: ShardJob): Promise<Findings> {
  const [row] = await session.execute(sql`
    WITH segment AS (
      SELECT segment, sum(rows) AS rows, sum(old_nulls) AS old_nulls, sum(new_nulls) AS new_nulls,
             sum(mismatches) AS mismatches, sum(old_hash) AS old_hash, sum(new_hash) AS new_hash
      FROM sluice."check"
      WHERE plan_hash = ${job.planHash} AND job = ${job.job} AND filenode = pg_relation_filenode(relation)
      GROUP BY segment
    )
    SELECT count(*) AS segments, coalesce(sum(rows), 0)::text AS rows, coalesce(sum(old_nulls), 0)::text AS old_nulls,
      coalesce(sum(new_nulls), 0)::text AS new_nulls, coalesce(sum(mismatches), 0)::text AS mismatches,
      count(*) FILTER (WHERE mismatches > 0 OR old_nulls <> new_nulls OR old_hash <> new_hash) AS differing,
      coalesce((SELECT jsonb_agg(format('%s: %s of %s', w.segment, w.mismatches, w.rows))::text FROM (
        SELECT * FROM segment WHERE mismatches > 0 ORDER BY mismatches DESC, segment LIMIT 5) AS w), '[]') AS worst
    FROM segment`);
  const number = (key: string): number => Number(row?.[key] ?? 0);
  return {
    rows: number("rows"),
    segments: number("segments"),
    oldNulls: number("old_nulls"),
    newNulls: number("new_nulls"),
    mismatches: number("mismatches"),
    differingSegments: number("differing"),
    worst: JSON.parse(String(row?.["worst"] ?? "[]")) as string[],
  };
}
