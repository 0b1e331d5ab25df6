import { count, counted } from "../../core/counted.ts";
import type { Approval } from "../../core/ports.ts";
import { NEXT } from "../../core/gates/approval-request.ts";
import type { Progress } from "../../core/run/shards/progress.ts";
import type { RunView } from "../run-view.ts";
import { seconds } from "./format.ts";
import { gateLines, gateTitle } from "./gate-text.ts";
import { facts, indent, type Layout, wrap } from "./layout.ts";

interface ApprovalFacts {
  readonly view: RunView;
  readonly approval: Approval;
}

/** What an operator is about to approve: the state of the run, what was found, what an approval does. */
export function approvalText({ view, approval }: ApprovalFacts, now: Date, layout: Layout): string {
  const { run, step, jobs, unread } = view;
  const { style, width } = layout;
  const validation = jobs.findLast(({ job }) => job.startsWith("validate"));
  const rows: [string, string][] = [
    ["gate", gateTitle(approval.gate)],
    ["migration", run.migration],
    [run.tables.length === 1 ? "table" : "tables", run.tables.join(", ")],
    ["plan", approval.planHash],
    ["started by", run.startedBy ?? 'not known: not with "sluice start"'],
    ["deadline", `${approval.deadline}, ${timeLeft(approval, now)}`],
    ["validation", validation ? validationText(validation) : "none yet"],
    ["if approved", NEXT[approval.gate]],
  ];
  const evaluation = step?.gate?.gate === approval.gate ? step.gate : undefined;
  return [
    style.bold(run.runId),
    "",
    ...facts(rows, layout),
    "",
    ...(evaluation ? [...indent(gateLines(evaluation, layout), "  "), ""] : []),
    ...unread.flatMap((reason) => indent(wrap(`not known: ${reason}`, width - 2).map(style.yellow), "  ")),
    "",
  ].join("\n");
}

function validationText({ job, shards, mismatches }: Progress): string {
  const read = `${count(shards.done)} of ${counted(shards.total, "shard")} read`;
  return `${job.replaceAll("-", " ")}: divergence ${counted(mismatches, "row")}, ${read}`;
}

function timeLeft({ deadline }: Approval, now: Date): string {
  const left = (Date.parse(deadline) - now.getTime()) / 1_000;
  return left > 0 ? `${seconds(left)} left` : "which has passed: a decision is refused";
}

/** Enough of a hash to name one plan, and few enough for a command that fits on a line. */
const PLAN_DIGITS = 12;

/** A gate's pending approval, its deadline, and the commands that decide it. */
export function questionLines(approval: Approval, now: Date, layout: Layout): string[] {
  const { runId, gate, planHash, requestedAt, deadline, selfApproval } = approval;
  const { style } = layout;
  const about = `--plan ${planHash.slice(0, PLAN_DIGITS)} --gate ${gate}`;
  const rows: [string, string][] = [
    ["plan", planHash],
    ["asked", requestedAt],
    ["until", `${deadline}, ${timeLeft(approval, now)}`],
    ...(selfApproval ? [] : [["by", "any operator but the run's initiator"] as [string, string]]),
    ["approve", `sluice approve ${runId} ${about} --reason "..."`],
    ["reject", `sluice reject ${runId} ${about} --reason "..."`],
  ];
  return [style.yellow(`gate ${gateTitle(gate)} waits for an approval`), ...facts(rows, layout)];
}

/** Who decided a gate's approval, and why; nothing where it is pending. */
export function decisionLines({ gate, decision }: Approval, { style, width }: Layout): string[] {
  if (decision === undefined) return [];
  const { answer, by, at, reason } = decision;
  const mark = answer === "approved" ? style.green("✓") : style.red("✗");
  const [first = "", ...more] = wrap(`gate ${gateTitle(gate)} ${answer} by ${by}, ${at}: ${reason}`, width - 4);
  return [`${mark} ${first}`, ...indent(more, "  ")];
}
