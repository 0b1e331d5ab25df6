import { CHANNEL } from "./channel.ts";
import type { Box } from "./shapes.ts";
import type { Stop } from "./way.ts";

/** Measures of the picture, in the unit of its view box. */
export const WIDTH = 1_160;
export const LEFT = 52;
export const RIGHT = 28;
/** Above the first row: name and comment of the whole. Below the last: the legend. */
const HEAD = 80;
const FOOT = 44;
/** Title and comment above the channel; from the channel down to the way back; the way back with its words. */
export const WORDS = 138;
const DROP = 42;
const BACK = 64;
const ROW = WORDS + CHANNEL + DROP + BACK;
const ROWS = 2;
export const HEIGHT = HEAD + ROWS * ROW + FOOT;
/** Between two lines of a note, and a note's size. */
export const LINE = 16;
export const NOTE = 13;

/** Some of the stops, side by side. */
export interface Row {
  readonly stops: readonly Stop[];
  readonly channel: Box;
  /** Width of one stop. */
  readonly column: number;
  /** Where its way back runs. */
  readonly level: number;
}

/** The stops in rows of equal length. */
export function rowsOf(stops: readonly Stop[]): readonly Row[] {
  const length = Math.ceil(stops.length / ROWS);
  const width = WIDTH - LEFT - RIGHT;
  return Array.from({ length: ROWS }, (_, index) => {
    const y = HEAD + index * ROW + WORDS;
    return {
      stops: stops.slice(index * length, (index + 1) * length),
      channel: { x: LEFT, y, width, height: CHANNEL },
      column: width / length,
      level: y + CHANNEL + DROP,
    };
  });
}

export const left = ({ channel, column }: Row, index: number): number => channel.x + index * column;
export const centre = (row: Row, index: number): number => left(row, index) + row.column / 2;
