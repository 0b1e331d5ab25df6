import { percent } from "../../percent.ts";
import type { GatePlan } from "../../plan/plan.ts";
import type { Session } from "../../ports.ts";
import { sql } from "../../sql/statement.ts";
import type { Run } from "../run.ts";
import type { Findings } from "../shards/validation-result.ts";
import type { ConditionReading } from "./evaluation.ts";

/** The share of rows that differ, as the run's newest proof found it. */
export async function readDivergence(
  session: Session,
  run: Run,
  divergence: GatePlan["divergence"],
): Promise<readonly ConditionReading[]> {
  if (!divergence) return [];
  const threshold = `at most ${percent(divergence.atMost)}`;
  const about = { kind: "divergence", name: "divergence", threshold } as const;
  const proof = await newestProof(session, run);
  if (!proof) return [{ ...about, value: "no proof", verdict: "hold", reason: "there is no proof of this run yet" }];
  const share = proof.rows === 0 ? 0 : proof.mismatches / proof.rows;
  const value = percent(share);
  if (share <= divergence.atMost) return [{ ...about, value, verdict: "pass", reason: "" }];
  const rows = `${String(proof.mismatches)} of ${String(proof.rows)} rows`;
  return [{ ...about, value, verdict: "hold", reason: `${rows} differ (${value}), must be ${threshold}` }];
}

/**
 * What the run's newest proof found, as its verdict wrote it down. Not the checks of the shards: a table that was
 * rewritten since has none that count, although it was proven.
 */
export async function newestProof(session: Session, run: Run): Promise<Findings | undefined> {
  const [row] = await session.execute(sql`
    SELECT detail::text AS detail FROM sluice.event
    WHERE run_id = ${run.ref.id} AND kind = 'validation-result' ORDER BY id DESC LIMIT 1`);
  return row ? (JSON.parse(String(row["detail"])) as Findings) : undefined;
}
