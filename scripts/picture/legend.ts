import { HEIGHT, LEFT, NOTE } from "./layout.ts";
import { at, bell, doubleArrow, fan, path, person, rect, roundArrow, text, tip } from "./shapes.ts";
import { textWidth } from "./text.ts";

interface Item {
  readonly label: string;
  readonly width: number;
  readonly mark: (x: number, y: number) => string;
}

const water =
  (kind: string, width = 18) =>
  (x: number, y: number) =>
    rect(kind, { x, y: y - 11, width, height: 13 }, 2);

const wayBackMark =
  (line: string, head: string, thickness: number) =>
  (x: number, y: number): string =>
    path(line, `M${at(x + 6)} ${at(y - 5)} H${at(x + 22)}`, thickness) +
    tip(head, [x, y - 5], { towards: "left", size: 9 });

const ROWS: readonly (readonly Item[])[] = [
  [
    { label: "old shape", width: 18, mark: water("old") },
    { label: "new shape", width: 18, mark: water("new") },
    {
      label: "the application’s traffic",
      width: 32,
      mark: (x, y) => water("old", 32)(x, y) + path("boats", `M${at(x + 5)} ${at(y - 4.5)} H${at(x + 28)}`),
    },
    { label: "kept equal by triggers", width: 6, mark: (x, y) => doubleArrow([x + 3, y - 4.5]) },
    {
      label: "called again until done; can be paused before contract",
      width: 13,
      mark: (x, y) => roundArrow([x, y - 4]),
    },
    { label: "several at once", width: 13, mark: (x, y) => fan([x, y - 4]) },
  ],
  [
    {
      label: "a gate: passes, holds, or stands by until a person has decided",
      width: 12,
      mark: (x, y) => person([x, y + 1]),
    },
    { label: "at any failure", width: 22, mark: wayBackMark("back", "tip", 4) },
    {
      label: "when an alarm fires that the migration names",
      width: 42,
      mark: (x, y) => wayBackMark("alarm", "alarmtip", 2)(x, y) + bell([x + 27, y - 4]),
    },
  ],
];

/** What the marks and colours mean. */
export function legend(): string {
  return ROWS.flatMap((items, row) => {
    const y = HEIGHT - 20 - (ROWS.length - 1 - row) * 22;
    let x = LEFT;
    return items.map(({ mark, width, label }) => {
      const drawn = mark(x, y) + text("note", [x + width + 7, y], label);
      x += width + 7 + textWidth(label, NOTE) + 20;
      return drawn;
    });
  }).join("\n");
}
