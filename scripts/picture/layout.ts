import { CHANNEL, type PlacedGate } from "./channel.ts";
import type { Box } from "./shapes.ts";
import type { Stop } from "./way.ts";

/** Measures of the picture, in the unit of its view box. */
export const WIDTH = 1_160;
export const LEFT = 52;
const RIGHT = 28;
/** Above the first row: name and comment of the whole. Below the last: the legend. */
const HEAD = 80;
const FOOT = 62;
/** Title and comment above the channel; from the channel down to the way back; the way back with its words. */
export const WORDS = 138;
const DROP = 58;
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

/** The stops in rows; where they do not come out even, the last row has one more. */
export function rowsOf(stops: readonly Stop[]): readonly Row[] {
  const length = Math.floor(stops.length / ROWS);
  const width = WIDTH - LEFT - RIGHT;
  return Array.from({ length: ROWS }, (_, index) => {
    const y = HEAD + index * ROW + WORDS;
    const own = stops.slice(index * length, index === ROWS - 1 ? undefined : (index + 1) * length);
    return {
      stops: own,
      channel: { x: LEFT, y, width, height: CHANNEL },
      column: width / own.length,
      level: y + CHANNEL + DROP,
    };
  });
}

export const left = ({ channel, column }: Row, index: number): number => channel.x + index * column;
export const centre = (row: Row, index: number): number => left(row, index) + row.column / 2;

/** How far into its stop the gate of a loop stands, and the stop's own way out: there is room for both. */
const LOOP_GATE = 0.38;
export const BESIDE_LOOP_GATE = 0.71;
/** How far from the end of a row the gate stands that leads into the next one. */
const END = 34;

/** A loop's gate has its neighbours near: its name stands a line below theirs. */
const NAME = 19;
const LOOP_NAME = NAME + 13;

/**
 * The gates over a row: each at the left edge of its stop, one in a stop's loop within it. The one of the next
 * row's first stop is at the end of this one, where there is room for it.
 */
export function gatesOver(row: Row, next: Row | undefined): readonly PlacedGate[] {
  const placed = row.stops.flatMap(({ gate, loopGate }, index) => [
    ...(gate && index > 0 ? [{ gate, x: left(row, index), name: NAME }] : []),
    ...(loopGate ? [{ gate: loopGate, x: left(row, index) + LOOP_GATE * row.column, name: LOOP_NAME }] : []),
  ]);
  const leaving = next?.stops[0]?.gate;
  return leaving ? [...placed, { gate: leaving, x: row.channel.x + row.channel.width - END, name: NAME }] : placed;
}
