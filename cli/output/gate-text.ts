import { statusText } from "../../core/gates/conditions/kinds.ts";
import type { ConditionReading, GateEvaluation } from "../../core/gates/evaluation.ts";
import { seconds } from "./format.ts";
import { indent, type Layout, wrap } from "./layout.ts";
import type { Style } from "./style.ts";

/** `before_cutover` as people say it: `before cutover`. */
export function gateTitle(gate: GateEvaluation["gate"]): string {
  return gate.replaceAll("_", " ");
}

/** One evaluation of a gate: what it read, one line each, and how long it has waited of how long it may. */
export function gateLines(evaluation: GateEvaluation, layout: Layout): string[] {
  const { readings, stableForSeconds, waitedSeconds, timeoutSeconds } = evaluation;
  const times = [
    ...(stableForSeconds > 0 ? [passedFor(evaluation)] : []),
    ...(waitedSeconds > 0 ? [`waiting for ${seconds(waitedSeconds)} of at most ${seconds(timeoutSeconds)}`] : []),
  ];
  return [
    title(evaluation, layout.style),
    ...readings.flatMap((reading) => indent(readingLines(reading, layout), "  ")),
    ...times.map((time) => `  ${layout.style.dim(time)}`),
  ];
}

/** Soak and cooling are watched as a gate is, and last for their own time. */
function isPhase(gate: GateEvaluation["gate"]): boolean {
  return gate === "soak" || gate === "cooling";
}

function title({ gate, status }: GateEvaluation, style: Style): string {
  const statuses = {
    pass: style.green(isPhase(gate) ? "goes on" : "passed"),
    wait: style.yellow("waits"),
    ask: style.yellow("waits for a person"),
    fail: style.red("failed"),
  };
  return `${style.bold(isPhase(gate) ? gate : `gate ${gateTitle(gate)}`)}  ${statuses[status]}`;
}

function passedFor({ gate, stableSeconds, stableForSeconds }: GateEvaluation): string {
  const times = `${seconds(stableSeconds)} of ${seconds(stableForSeconds)}`;
  return isPhase(gate) ? `${times} are over` : `everything has passed for ${times}`;
}

function readingLines(reading: ConditionReading, { style, width }: Layout): string[] {
  const mark = { pass: style.green("✓"), wait: style.yellow("…"), fail: style.red("✗") }[reading.status];
  const [first = "", ...more] = wrap(statusText(reading), width - 6);
  return [`${mark} ${first}`, ...indent(more, "  ")];
}
