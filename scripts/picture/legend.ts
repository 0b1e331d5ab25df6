import { HEIGHT, LEFT, NOTE } from "./layout.ts";
import { at, doubleArrow, fan, path, rect, roundArrow, text, tip } from "./shapes.ts";
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

const ITEMS: readonly Item[] = [
  { label: "old shape", width: 18, mark: water("old") },
  { label: "new shape", width: 18, mark: water("new") },
  {
    label: "the application’s traffic",
    width: 32,
    mark: (x, y) => water("old", 32)(x, y) + path("boats", `M${at(x + 5)} ${at(y - 4.5)} H${at(x + 28)}`),
  },
  { label: "kept equal by triggers", width: 6, mark: (x, y) => doubleArrow([x + 3, y - 4.5]) },
  { label: "called again until done", width: 13, mark: (x, y) => roundArrow([x, y - 4]) },
  { label: "several at once", width: 13, mark: (x, y) => fan([x, y - 4]) },
  {
    label: "at any failure",
    width: 22,
    mark: (x, y) =>
      path("back", `M${at(x + 6)} ${at(y - 5)} H${at(x + 22)}`, 4) +
      tip("tip", [x, y - 5], { towards: "left", size: 9 }),
  },
];

/** What the marks and colours mean. */
export function legend(): string {
  const y = HEIGHT - 20;
  let x = LEFT;
  return ITEMS.map(({ mark, width, label }) => {
    const drawn = mark(x, y) + text("note", [x + width + 7, y], label);
    x += width + 7 + textWidth(label, NOTE) + 20;
    return drawn;
  }).join("\n");
}
