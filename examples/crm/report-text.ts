import { count } from "../../core/counted.ts";
import { milliseconds, seconds } from "../../cli/output/format.ts";
import type { Style } from "../../cli/output/style.ts";
import { wentWell, zeros, type DemoReport } from "./demo-report.ts";
import type { LatencySummary } from "./latency-log.ts";

const LABEL_WIDTH = 20;
const STATEMENT_WIDTH = 60;

/** The report as a person reads it at the end. */
export function reportText(report: DemoReport, style: Style): string {
  const lines = [headline(report, style), "", ...facts(report, style), "", ...latencies(report, style), ""];
  if (report.application.messages.length > 0) {
    lines.push("  What the application said:", ...report.application.messages.map((message) => `    ${message}`), "");
  }
  return lines.join("\n");
}

function headline(report: DemoReport, style: Style): string {
  const total = Object.values(report.run?.secondsByPhase ?? {}).reduce((sum, time) => sum + time, 0);
  if (wentWell(report)) {
    return style.green(style.bold(`✔ ${report.migration}: done in ${seconds(total)} under live traffic`));
  }
  const bad = zeros(report).flatMap((zero) => (zero.count > 0 ? `${count(zero.count)} ${zero.name}` : []));
  const reasons = [...(report.failure === undefined ? [] : [report.failure]), ...bad];
  return style.red(style.bold(`✘ ${report.migration}: ${reasons.join("; ") || "not everything was measured"}`));
}

function facts(report: DemoReport, style: Style): readonly string[] {
  const { run, application, writes, locks } = report;
  const zero = (value: number): string => (value === 0 ? style.green("0") : style.red(style.bold(count(value))));
  const found = Object.fromEntries(zeros(report).map((each) => [each.name, zero(each.count)]));
  const row = (label: string, text: string): string => `  ${label.padEnd(LABEL_WIDTH)}${text}`;
  return [
    ...(run === undefined
      ? []
      : [
          row("rows synced", `${count(run.rowsSynced)} at ${count(run.rowsPerSecond)} rows/s`),
          row(
            "divergence",
            `${found["divergence"] ?? ""} in ${proven(run.beforeCutover)}, again in ${proven(run.beforeContract)}`,
          ),
        ]),
    row(
      "lost writes",
      `${found["lost writes"] ?? ""} of ${count(writes.acknowledged)} contacts written during the run`,
    ),
    row("history changed", `${found["history changed"] ?? ""} of ${count(writes.untouched)} contacts nobody wrote to`),
    row(
      "requests",
      `${count(application.all.requests)}, errors ${found["application errors"] ?? ""}, stale reads ${found["stale reads"] ?? ""}`,
    ),
    row("longest lock wait", lockWait(locks)),
    ...(run === undefined
      ? []
      : [row("lock timeouts", `${count(run.lockTimeouts)} (DDL that stepped back and tried again)`)]),
  ];
}

function proven({ rows, segments }: { readonly rows: number; readonly segments: number }): string {
  return `${count(rows)} rows of ${count(segments)} segments`;
}

function lockWait({ longest }: DemoReport["locks"]): string {
  if (longest === undefined) return "none seen (sampled every 50 ms)";
  const kind = longest.lockType === "transactionid" ? "a row" : `a ${longest.lockType}`;
  return `${milliseconds(longest.milliseconds)} for ${kind}, behind ${shortened(longest.blockedBy)}`;
}

function shortened(statement: string): string {
  return statement.length <= STATEMENT_WIDTH ? statement : `${statement.slice(0, STATEMENT_WIDTH - 1)}…`;
}

function latencies({ application, run }: DemoReport, style: Style): readonly string[] {
  const during = Object.entries(application.byPhase).filter(([phase]) => phase in (run?.secondsByPhase ?? {}));
  const table: readonly (readonly [string, number | undefined, LatencySummary])[] = [
    ["before", undefined, application.before],
    ["during", run && sum(Object.values(run.secondsByPhase)), application.during],
    ...during.map(([phase, summary]) => [`  ${phase}`, run?.secondsByPhase[phase], summary] as const),
    ["after", undefined, application.after],
  ];
  const header = columns(["", "time", "requests", "p50", "p99", "slowest"]);
  return [style.dim(header), ...table.map(([name, time, summary]) => latencyRow(name, time, summary))];
}

function latencyRow(name: string, time: number | undefined, summary: LatencySummary): string {
  const latency = (value: number): string => (summary.requests === 0 ? "–" : `${value.toFixed(1)} ms`);
  return columns([
    name,
    time === undefined ? "" : `${time.toFixed(1)} s`,
    count(summary.requests),
    latency(summary.p50),
    latency(summary.p99),
    latency(summary.max),
  ]);
}

function columns([name = "", ...values]: readonly string[]): string {
  return `  ${name.padEnd(LABEL_WIDTH)}${values.map((value) => value.padStart(11)).join("")}`;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
