import type { GateName } from "../../migration/schema.ts";
import type { GatePlan } from "../../plan/plan.ts";
import type { Approval, RunRecord } from "../../ports.ts";
import type { Run } from "../run.ts";
import type { Findings } from "../shards/validation-result.ts";
import type { ConditionReading } from "./evaluation.ts";

/** All that a person is told who is asked to approve. */
export interface ApprovalFacts {
  readonly run: Run;
  readonly gate: GatePlan;
  readonly record: RunRecord;
  /** The gate's other conditions, as they were when it asked. */
  readonly readings: readonly ConditionReading[];
  /** The run's newest proof, where it has one. */
  readonly proof: Findings | undefined;
  readonly approval: Approval;
}

/**
 * The question to people: what is to happen, where, what was found, and how to answer. It has no link and no token: who
 * answers is identified by AWS, and may do so only with the permission for it.
 */
export function approvalRequest(facts: ApprovalFacts): { readonly subject: string; readonly body: string } {
  const { run, gate, record, approval } = facts;
  const { plan, ref } = run;
  const sections: [string, readonly string[]][] = [
    ["What", [...plan.operations.map(({ summary }) => summary), plan.description]],
    ["Where", [whereText(facts)]],
    ["Plan", [ref.planHash]],
    ["If you approve", [NEXT[gate.name], ...onceForAll(gate)]],
    ["If you reject, or nobody answers in time", [rejection(facts)]],
    ["How to undo", [UNDO[gate.name] ?? wayBack(run)]],
    ["Validation", [proofText(facts.proof)]],
    ["What the gate read", readingTexts(facts.readings)],
    ["Deadline", [approval.deadline]],
    ["Started by", [record.startedBy ?? `not known: it was not started with "sluice start"`]],
    ["Answer", answers(facts)],
  ];
  return {
    subject: `Sluice: ${plan.migration} waits for your approval`,
    body: [
      `Run ${ref.id} stands at gate ${gate.name} and asks a person to decide.`,
      ...sections.map(([title, lines]) => [title, ...lines.map((line) => `  ${line}`)].join("\n")),
    ].join("\n\n"),
  };
}

function whereText({ run: { plan } }: ApprovalFacts): string {
  const { schema, name, rows, bytes } = plan.table;
  return `table ${schema}.${name} of database ${plan.database}: about ${grouped(rows)} rows, ${grouped(bytes)} bytes`;
}

/** What comes after each gate. */
export const NEXT: Readonly<Record<GateName, string>> = {
  before_expand: "Expand begins: the table gets its new column and the sync triggers. Traffic stays on the old path.",
  before_backfill: "The backfill begins: history is brought over in small batches. Traffic stays on the old path.",
  before_validate: "The validation begins: every row is read and compared. Traffic stays on the old path.",
  before_cutover: "The cutover begins: its first step sends traffic to the new path.",
  between_steps: "The cutover goes on: its next step sends more traffic to the new path.",
  before_soak: "The soak begins: all traffic stays on the new path, and the alarms are watched.",
  before_cooling: "The cooling begins: all traffic stays on the new path, and the old shape is kept in step.",
  before_contract:
    "The last proof begins. If it finds old and new equal, the old shape is dropped: then there is no way back.",
};

const UNDO: Partial<Readonly<Record<GateName, string>>> = {
  before_expand:
    "Nothing is changed yet. Later, until contract starts, a rollback returns all traffic to the old path.",
};

function wayBack({ plan, ref }: Run): string {
  const loss = plan.reversible ? "no write is lost" : "the way back loses data, as the migration acknowledges";
  return (
    `Until contract starts, "npx sluice rollback ${ref.id}" returns all traffic to the old path, and ${loss}. ` +
    `After that, "npx sluice undo ${ref.id}" takes the new column away again.`
  );
}

/** An answer is kept for the gate, and not asked for again. */
function onceForAll({ name }: GatePlan): readonly string[] {
  return name === "between_steps" ? ["The answer counts for every further step: this is asked once in a run."] : [];
}

function rejection({ gate, run: { plan } }: ApprovalFacts): string {
  const loss = plan.reversible ? "No write is lost" : "The way back loses data, as the migration acknowledges";
  const rollback = `The run is rolled back: all traffic is on the old path. ${loss}. What was expanded stays.`;
  return gate.onFail === "pause" ? `${rollback} Without an answer, the run is paused instead.` : rollback;
}

function proofText(proof: Findings | undefined): string {
  if (!proof) return "None yet: nothing has been validated in this run.";
  const { rows, segments, mismatches, differingSegments } = proof;
  return (
    `${grouped(rows)} rows compared: ${grouped(mismatches)} differ, ` +
    `in ${grouped(differingSegments)} of ${grouped(segments)} segments.`
  );
}

function readingTexts(readings: readonly ConditionReading[]): readonly string[] {
  if (readings.length === 0) return ["This gate asks for nothing but the approval."];
  return readings.map(({ kind, name, value, threshold }) => {
    const what = kind === name ? kind : `${kind} ${name}`;
    return `${what}: ${value}${threshold === value ? "" : ` (must be ${threshold})`}`;
  });
}

function answers({ run: { ref }, gate }: ApprovalFacts): readonly string[] {
  const self = gate.approval?.selfApproval ? [] : ["Whoever started the run may not approve it."];
  return [
    `npx sluice approve ${ref.id} --plan ${ref.planHash} --gate ${gate.name} --reason "..."`,
    `npx sluice reject ${ref.id} --plan ${ref.planHash} --gate ${gate.name} --reason "..."`,
    ...self,
  ];
}

function grouped(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}
