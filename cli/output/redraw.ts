import { visibleLength } from "./layout.ts";

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
