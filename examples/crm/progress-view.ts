import { count } from "../../core/counted.ts";
import { seconds } from "../../cli/output/format.ts";
import type { Style } from "../../cli/output/style.ts";
import { PHASES } from "../../core/plan/phases.ts";
import type { LatencySummary } from "./latency-log.ts";
import type { RunView } from "./run-watch.ts";

/** What one look at the run and at the application shows. */
export interface DemoView {
  readonly run: RunView;
  /** The application's last full second. */
  readonly second: LatencySummary | undefined;
  readonly errors: number;
  /** Share of requests on the new shape since the last look, 0 to 1. */
  readonly onNewPath: number;
}

const BAR_WIDTH = 32;
const SHOWN_PHASES = PHASES.slice(0, PHASES.indexOf("done"));

/** The block that is redrawn on a terminal. */
export function progressLines(view: DemoView, style: Style): readonly string[] {
  return [
    `  ${phases(view.run, style)}`,
    `  ${job(view.run)}`,
    `  application   ${application(view, style)}`,
    `  divergence    ${divergence(view.run, style)}`,
    `  ${style.dim(view.run.message ?? "")}`,
  ];
}

/** One line where there is no terminal. */
export function progressLine(view: DemoView, style: Style): string {
  const { run } = view;
  return [run.phase ?? "starting", run.message ?? "", application(view, style)].filter(Boolean).join(" · ");
}

function phases({ phase }: RunView, style: Style): string {
  const at = phase === undefined ? 0 : PHASES.indexOf(phase);
  return SHOWN_PHASES.map((name, index) => {
    if (index < at) return style.green(`✔ ${name}`);
    return index === at ? style.bold(`▶ ${name}`) : style.dim(`· ${name}`);
  }).join("  ");
}

function job({ job: progress }: RunView): string {
  if (progress === undefined) return " ";
  const { blocks, rowsSynced, rowsPerSecond, etaSeconds } = progress;
  const share = blocks.total === 0 ? 0 : Math.min(1, blocks.done / blocks.total);
  const full = Math.round(share * BAR_WIDTH);
  const bar = "█".repeat(full) + "░".repeat(BAR_WIDTH - full);
  const rows = progress.job === "backfill" ? `  ${count(rowsSynced)} rows  ${count(rowsPerSecond)} rows/s` : "";
  const eta = etaSeconds === undefined ? "" : `  ETA ${seconds(etaSeconds)}`;
  return `${bar} ${String(Math.floor(share * 100)).padStart(3)} %  ${progress.job}${rows}${eta}`;
}

function application({ second, errors, onNewPath }: DemoView, style: Style): string {
  if (second === undefined) return "starting";
  const failed = errors === 0 ? style.green("errors 0") : style.red(`errors ${count(errors)}`);
  const latency = `p50 ${second.p50.toFixed(1)} ms  p99 ${second.p99.toFixed(1)} ms`;
  return `${count(second.requests)} requests/s  ${latency}  ${failed}  new path ${String(Math.round(onNewPath * 100))} %`;
}

function divergence({ divergence: rows }: RunView, style: Style): string {
  if (rows === undefined) return style.dim("not looked at yet");
  return rows === 0 ? style.green("0") : style.red(count(rows));
}
