import { stripVTControlCharacters } from "node:util";
import type { Style } from "./style.ts";

export interface Layout {
  readonly style: Style;
  /** Columns of the terminal. */
  readonly width: number;
}

/** Columns that a text takes: its styles take none. */
export function visibleLength(text: string): number {
  return stripVTControlCharacters(text).length;
}

/** Label and text in two columns; a text without room goes on below itself. */
export function facts(rows: readonly (readonly [label: string, text: string])[], { style, width }: Layout): string[] {
  const column = Math.max(...rows.map(([label]) => label.length)) + 2;
  return rows.flatMap(([label, text]) => {
    const [first = "", ...more] = wrap(text, width - column - 2);
    return [`  ${style.dim(label.padEnd(column))}${first}`, ...more.map((line) => `  ${" ".repeat(column)}${line}`)];
  });
}

/** Breaks a text at spaces into lines of at most `width` characters; a longer word stays whole. */
export function wrap(text: string, width: number): string[] {
  return text.split("\n").flatMap((paragraph) => {
    const lines: string[] = [];
    let line = "";
    for (const word of paragraph.split(" ")) {
      if (line !== "" && visibleLength(line) + 1 + visibleLength(word) > Math.max(20, width)) {
        lines.push(line);
        line = word;
      } else {
        line = line === "" ? word : `${line} ${word}`;
      }
    }
    return [...lines, line];
  });
}

/** The same text on every line's left. */
export function indent(lines: readonly string[], by: string): string[] {
  return lines.map((line) => (line === "" ? by.trimEnd() : by + line));
}

const BAR_WIDTH = 24;

/** `█████████░░░░  38 %`; full only when all is done. */
export function bar(done: number, total: number): string {
  const share = total === 0 ? 1 : done / total;
  const filled = Math.floor(share * BAR_WIDTH);
  const digits = `${String(Math.floor(share * 100))} %`;
  return `${"█".repeat(filled)}${"░".repeat(BAR_WIDTH - filled)} ${digits.padStart(5)}`;
}

/** What to write so that `after` stands where `before` stood: back up, clear, write. */
export function redrawn(before: string, after: string, width: number): string {
  if (before === "") return after;
  const lines = before
    .split("\n")
    .slice(0, -1)
    .map((line) => Math.max(1, Math.ceil(visibleLength(line) / width)))
    .reduce((sum, rows) => sum + rows, 0);
  return `\u001b[${String(lines)}A\r\u001b[J${after}`;
}
