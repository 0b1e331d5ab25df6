import { count, counted } from "../../core/counted.ts";
import type { RunRecord } from "../../core/ports.ts";
import { PHASES, type Phase } from "../../core/plan/phases.ts";
import type { Progress } from "../../core/run/shards/progress.ts";
import { hasEnded, isOpen, isReversible, openApproval, type RunView, wasRolledBack } from "../run-view.ts";
import { decisionLines, questionLines } from "./approval-text.ts";
import { seconds } from "./format.ts";
import { gateLines } from "./gate-text.ts";
import { bar, facts, indent, type Layout, visibleLength, wrap } from "./layout.ts";
import type { Style } from "./style.ts";

/** One run in full: its phase, the progress of its jobs, its last message, what can be done. */
export function statusText(view: RunView, now: Date, layout: Layout): string {
  const { style, width } = layout;
  const { run } = view;
  return [
    `${style.bold(run.runId)}  ${stateText(view, style)}`,
    "",
    ...facts(
      [
        ["migration", run.migration],
        [run.tables.length === 1 ? "table" : "tables", run.tables.join(", ")],
        ["started", `${run.startedAt}, ${ago(run.startedAt, now)} ago`],
        ...(run.startedBy === undefined ? [] : [["by", run.startedBy] as const]),
        ["plan", run.planHash],
      ],
      layout,
    ),
    "",
    ...indent(phaseLines(run, layout), "  "),
    "",
    ...view.jobs.flatMap((job) => jobLines(job, layout)),
    ...(view.jobs.length > 0 ? [""] : []),
    ...stepLines(view, layout),
    ...waitingLines(view, now, layout),
    ...endLines(view, layout),
    ...view.unread.flatMap((reason) => indent(wrap(`not known: ${reason}`, width - 2).map(style.yellow), "  ")),
    "",
  ].join("\n");
}

/** One line for logs, where `--watch` does not write to a terminal. */
export function statusLine(view: RunView): string {
  const { run, jobs, step } = view;
  const job = jobs.at(-1);
  const working = job !== undefined && isOpen(view) && job.shards.done < job.shards.total;
  const progress = working ? `${jobName(job)} ${String(share(job))} %, ${rate(job)}` : undefined;
  const paused = run.paused && `paused by ${run.paused.by}: ${run.paused.reason}`;
  const said = hasEnded(view) ? undefined : step?.message;
  return [run.runId, run.phase, progress, paused ?? said, run.reason].filter(Boolean).join(" · ");
}

/** The newest runs, one a line. */
export function runsText(runs: readonly RunRecord[], now: Date, { style }: Layout): string {
  if (runs.length === 0) return "No run yet. Start one with: sluice start MIGRATION\n";
  const name = Math.max(...runs.map(({ runId }) => runId.length)) + 2;
  const phase = Math.max(...PHASES.map((each) => each.length)) + 2;
  const lines = runs.map((run) => {
    const mark = phaseStyle(run.phase, style)(run.phase.padEnd(phase));
    const paused = run.paused ? `${style.yellow("paused")}, ` : "";
    return `${run.runId.padEnd(name)}${mark}${paused}${style.dim(`${run.tables.join(", ")}, ${ago(run.updatedAt, now)} ago`)}`;
  });
  return `${lines.join("\n")}\n`;
}

function stateText(view: RunView, style: Style): string {
  const { run, execution, step } = view;
  if (isOpen(view) && run.paused) return style.yellow(`${run.phase}, paused`);
  if (isOpen(view) && isWaiting(step)) {
    return style.yellow(`${run.phase}, waits${step?.gate?.status === "ask" ? " for an approval" : ""}`);
  }
  if (isOpen(view)) return style.cyan(execution === undefined ? run.phase : `${run.phase}, running`);
  if (run.phase === "done") return style.green("done");
  if (run.phase === "rolled-back") return style.yellow("rolled back");
  if (run.phase === "undoing") return style.yellow("rolled back, being undone");
  if (run.phase === "undone") return style.yellow("rolled back and undone");
  return style.red(`stopped in ${run.phase}: ${(execution?.status ?? "").toLowerCase()}`);
}

/** At a gate that does not pass, or in a soak that waits. */
function isWaiting(step: RunView["step"]): boolean {
  return step?.gate?.status === "wait" || step?.gate?.status === "ask";
}

function phaseStyle(phase: Phase, style: Style): (text: string) => string {
  if (phase === "done") return style.green;
  return wasRolledBack({ phase }) ? style.yellow : style.cyan;
}

/** `✓ preflight  ✓ expand  ▶ backfill  · validate ...` */
function phaseLines(run: RunRecord, { style, width }: Layout): string[] {
  if (run.phase === "rolled-back") return [style.yellow("all traffic is on the old path, or on its way there")];
  if (run.phase === "undoing") return [style.yellow("all traffic is on the old path; what the run added is going")];
  if (run.phase === "undone") return [style.yellow("all traffic is on the old path, and what the run added is gone")];
  const at = PHASES.indexOf(run.phase);
  const last = PHASES.indexOf("done");
  const marks = PHASES.slice(0, last + 1).map((phase, index) => {
    if (index < at || run.phase === "done") return `✓ ${phase}`;
    return index === at ? `▶ ${phase}` : `· ${phase}`;
  });
  const paint = (line: string): string =>
    line.replaceAll("✓", style.green("✓")).replace(/▶ \S+/, (text) => style.bold(style.cyan(text)));
  // Two spaces between the phases, one within: wrapped as words, with the inner space kept together.
  return wrap(marks.map((mark) => mark.replace(" ", "\u00a0")).join("  "), width - 4).map((line) =>
    paint(line.replaceAll("\u00a0", " ")),
  );
}

function jobName({ job }: Progress): string {
  return job.replaceAll("-", " ");
}

function share({ blocks }: Progress): number {
  return blocks.total === 0 ? 100 : Math.floor((blocks.done / blocks.total) * 100);
}

function rate(job: Progress): string {
  const isBackfill = job.job === "backfill";
  const parts = isBackfill
    ? [counted(job.rowsSynced, "row"), `${count(job.rowsPerSecond)} rows/s`]
    : [`divergence ${counted(job.mismatches, "row")}`];
  if (job.etaSeconds !== undefined) parts.push(`about ${seconds(job.etaSeconds)} left`);
  return parts.join(", ");
}

const JOB_COLUMN = 26;

function jobLines(job: Progress, { style, width }: Layout): string[] {
  const diverges = job.mismatches > 0 ? style.red : (text: string) => text;
  const shards = style.dim(`${count(job.shards.done)}/${counted(job.shards.total, "shard")}`);
  const done = `  ${jobName(job).padEnd(JOB_COLUMN)}${bar(job.blocks.done, job.blocks.total)}`;
  const figures = `${diverges(rate(job))}  ${shards}`;
  const line = `${done}  ${figures}`;
  return visibleLength(line) <= width ? [line] : [done, `  ${" ".repeat(JOB_COLUMN)}${figures}`];
}

/** What the last step said, unless that is told below in more words, or is over. */
function stepLines(view: RunView, { style, width }: Layout): string[] {
  const { run, step } = view;
  if (step === undefined || hasEnded(view) || (isOpen(view) && (step.gate ?? run.paused))) return [];
  return [...indent(wrap(`${style.dim(`${step.state}:`)} ${step.message}`, width - 2), "  "), ""];
}

/** What the run waits for: a gate, an approval, the end of a pause. Nothing of a run that has ended. */
function waitingLines(view: RunView, now: Date, layout: Layout): string[] {
  if (!isOpen(view)) return [];
  const { run, step, approvals } = view;
  const question = openApproval(approvals);
  const blocks = [
    step?.gate ? gateLines(step.gate, layout) : [],
    approvals.flatMap((approval) => decisionLines(approval, layout)),
    question ? questionLines(question, now, layout) : [],
    run.paused ? pauseLines(run, now, layout) : [],
  ];
  return blocks.filter((lines) => lines.length > 0).flatMap((lines) => [...indent(lines, "  "), ""]);
}

function pauseLines({ runId, paused }: RunRecord, now: Date, { style, width }: Layout): string[] {
  if (paused === undefined) return [];
  const text = `paused since ${paused.at}, for ${ago(paused.at, now)}, by ${paused.by}: ${paused.reason}`;
  return [...wrap(text, width - 2).map(style.yellow), style.dim(`sluice resume ${runId} continues it`)];
}

function endLines(view: RunView, { style, width }: Layout): string[] {
  const { run, execution } = view;
  const failure = execution?.failure;
  const known = failure !== undefined && run.reason?.includes(failure.message);
  const said = [run.reason, failure && !known ? `${failure.name}: ${failure.message}` : undefined];
  const reasons = said.flatMap((text) => (text === undefined ? [] : wrap(text, width - 2).map(style.red)));
  return [...indent(reasons, "  "), ...(reasons.length > 0 ? [""] : []), ...indent(advice(view).map(style.dim), "  ")];
}

/** What can be done now, a line each. */
function advice(view: RunView): string[] {
  const { run, successor } = view;
  if (isOpen(view)) return isReversible(view) ? [`sluice rollback ${run.runId} returns all traffic`] : [];
  if (run.phase === "undoing") return [`sluice undo ${run.runId} continues an undo that has stopped`];
  if (!wasRolledBack(run)) return [];
  if (successor) return [`run "${successor.runId}" of this migration came after it: sluice status ${successor.runId}`];
  if (run.phase === "undone") return [`sluice start ${run.migration} starts from the beginning`];
  return [
    `sluice start ${run.migration} resumes where it stopped`,
    `sluice undo ${run.runId} removes what it added instead`,
  ];
}

function ago(time: string, now: Date): string {
  return seconds(Math.max(0, (now.getTime() - Date.parse(time)) / 1_000));
}
