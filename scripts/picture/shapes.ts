import { escaped, textWidth } from "./text.ts";

/** Fragments of SVG. Coordinates are those of the picture's view box. */
type Point = readonly [x: number, y: number];

/** A coordinate, short and the same on every machine. */
export function at(value: number): string {
  return String(Math.round(value * 10) / 10);
}

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export function rect(kind: string, { x, y, width, height }: Box, radius = 0): string {
  const round = radius === 0 ? "" : ` rx="${at(radius)}"`;
  return `<rect class="${kind}" x="${at(x)}" y="${at(y)}" width="${at(width)}" height="${at(height)}"${round}/>`;
}

export function polygon(kind: string, points: readonly Point[]): string {
  return `<polygon class="${kind}" points="${points.map(([x, y]) => `${at(x)},${at(y)}`).join(" ")}"/>`;
}

/** `commands` in the syntax of a path's `d`. */
export function path(kind: string, commands: string, width?: number): string {
  return `<path class="${kind}" d="${commands}"${width === undefined ? "" : ` stroke-width="${at(width)}"`}/>`;
}

export function text(kind: string, [x, y]: Point, content: string): string {
  return `<text class="${kind}" x="${at(x)}" y="${at(y)}">${escaped(content)}</text>`;
}

/** A text whose middle is at `x`. */
export function centredText(kind: string, [x, y]: Point, content: string): string {
  return `<text class="${kind}" x="${at(x)}" y="${at(y)}" text-anchor="middle">${escaped(content)}</text>`;
}

interface Tip {
  readonly towards: "left" | "right" | "down";
  readonly size: number;
}

/** An arrow's head with its point at `[x, y]`. */
export function tip(kind: string, [x, y]: Point, { towards, size }: Tip): string {
  const along = towards === "left" ? size : -size;
  const across = size * 0.62;
  return towards === "left" || towards === "right"
    ? polygon(kind, [
        [x, y],
        [x + along, y - across],
        [x + along, y + across],
      ])
    : polygon(kind, [
        [x, y],
        [x - across, y + along],
        [x + across, y + along],
      ]);
}

/** A round arrow, 14 wide: it is asked again. */
export function roundArrow([x, y]: Point): string {
  return (
    path("mark", `M${at(x + 10.6)} ${at(y + 1.6)} A5.4 5.4 0 1 1 ${at(x + 5.4)} ${at(y - 6)}`, 1.7) +
    tip("marktip", [x + 10.4, y - 6], { towards: "right", size: 5.4 })
  );
}

/** A small arrow both ways, `half` up and down from `[x, y]`. */
export function doubleArrow([x, y]: Point, half = 7): string {
  const head = (end: number, inwards: number): string =>
    `M${at(x - 2.5)} ${at(end + inwards)} L${at(x)} ${at(end)} L${at(x + 2.5)} ${at(end + inwards)}`;
  return path("tie", `M${at(x)} ${at(y - half)} V${at(y + half)} ${head(y - half, 3)} ${head(y + half, -3)}`);
}

/** Three bars side by side, 12 wide: several at once. */
export function fan([x, y]: Point): string {
  const bars = [8, 12, 6].map((length, row) => `M${at(x)} ${at(y - 5.5 + 5 * row)} h${at(length)}`);
  return path("mark", bars.join(" "), 2.2);
}

/** A person's head and shoulders, 12 wide, with the shoulders on `y`. */
export function person([x, y]: Point): string {
  const shoulders = `M${at(x)} ${at(y)} a6 6.4 0 0 1 12 0 Z`;
  return `<g class="person"><circle cx="${at(x + 6)}" cy="${at(y - 9.4)}" r="3.2"/><path d="${shoulders}"/></g>`;
}

/** A bell, 12 wide, hanging around `y`. */
export function bell([x, y]: Point): string {
  const body = `M${at(x)} ${at(y + 4)} c2.4 -2.4 1.2 -10.5 6 -10.5 s3.6 8.1 6 10.5 Z`;
  return `<g class="bell"><path d="${body}"/><circle cx="${at(x + 6)}" cy="${at(y + 6)}" r="1.8"/></g>`;
}

/** Where the next thing may stand behind a title. */
export function afterTitle(x: number, title: string): number {
  return x + textWidth(title, 16, true) + 8;
}
