import type { CheckResult } from "../../core/preflight/check.ts";
import { counted } from "./format.ts";
import { indent, type Layout, wrap } from "./layout.ts";

/** Every check of a start, in their order: one that has nothing to say on one line, the others with what to do. */
export function checksText(migration: string, checks: readonly CheckResult[], layout: Layout): string {
  const { style } = layout;
  const of = (wanted: CheckResult["verdict"]): number => checks.filter(({ verdict }) => verdict === wanted).length;
  const refusals = of("refuse");
  const warnings = of("warn");
  const sum =
    refusals === 0
      ? `${style.green("✓")} ${unrefused(warnings)}`
      : `${style.red("✗")} a start would be refused for ${counted(refusals, "reason")}${also(warnings)}`;
  return [
    style.bold(migration),
    "",
    ...checks.flatMap((check) => (check.verdict === "ok" ? [passed(check, layout)] : remark(check, layout))),
    "",
    sum,
    "",
  ].join("\n");
}

/** What is true where no check refuses. One that warns, or could not be made, has not passed. */
export function unrefused(warnings: number): string {
  return warnings === 0 ? "all checks passed" : `no check refuses${also(warnings)}`;
}

function also(warnings: number): string {
  return warnings === 0 ? "" : `; ${counted(warnings, "warning")}`;
}

/** Cut to the line: there is nothing to do about it. */
function passed({ object, message }: CheckResult, { style, width }: Layout): string {
  const text = `${object} ${message}`;
  const room = Math.max(20, width - 4);
  const line = text.length > room ? `${text.slice(0, room - 1)}…` : text;
  return `  ${style.green("✓")} ${line}`;
}

/** What one check has to say, and what to do. */
export function remark({ verdict, object, message, remedy }: CheckResult, { style, width }: Layout): string[] {
  const [first = "", ...more] = wrap(`${object} ${message}`, width - 4);
  const advice = remedy === "" ? [] : wrap(`→ ${remedy}`, width - 4).map(style.cyan);
  return [
    `  ${verdict === "refuse" ? style.red("✗") : style.yellow("!")} ${first}`,
    ...indent([...more, ...advice], "    "),
  ];
}
