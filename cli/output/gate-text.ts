import type { ConditionReading, GateEvaluation } from "../../core/run/gate/evaluation.ts";
import { seconds } from "./format.ts";
import { indent, type Layout, wrap } from "./layout.ts";
import type { Style } from "./style.ts";

/** `before_cutover` as people say it: `before cutover`. */
export function gateTitle(gate: GateEvaluation["gate"]): string {
  return gate.replaceAll("_", " ");
}

/** One look at a gate: what it read, one line each, and how long it has waited of how long it may. */
export function gateLines(evaluation: GateEvaluation, layout: Layout): string[] {
  const { style } = layout;
  const { gate, verdict, readings, passedSeconds, holdSeconds, heldSeconds, timeoutSeconds } = evaluation;
  const times = [
    ...(holdSeconds > 0 ? [`everything has held for ${seconds(passedSeconds)} of ${seconds(holdSeconds)}`] : []),
    ...(heldSeconds > 0 ? [`on hold for ${seconds(heldSeconds)} of at most ${seconds(timeoutSeconds)}`] : []),
  ];
  return [
    `${style.bold(`gate ${gateTitle(gate)}`)}  ${VERDICTS[verdict](style)}`,
    ...readings.flatMap((reading) => indent(readingLines(reading, layout), "  ")),
    ...times.map((time) => `  ${style.dim(time)}`),
  ];
}

const VERDICTS: Readonly<Record<GateEvaluation["verdict"], (style: Style) => string>> = {
  pass: (style) => style.green("passed"),
  hold: (style) => style.yellow("waits"),
  standby: (style) => style.yellow("waits for a person"),
  fail: (style) => style.red("failed"),
};

function readingLines({ kind, name, value, threshold, verdict, reason }: ConditionReading, layout: Layout): string[] {
  const { style, width } = layout;
  const mark = { pass: style.green("✓"), hold: style.yellow("…"), fail: style.red("✗") }[verdict];
  const asked = threshold === "" ? "" : `, to be ${threshold}`;
  const why = reason === "" ? "" : `: ${reason}`;
  const [first = "", ...more] = wrap(`${style.dim(kind)} ${name} is ${value}${asked}${why}`, width - 6);
  return [`${mark} ${first}`, ...indent(more, "  ")];
}
