import { at, centredText, doubleArrow, path, person, polygon, rect, tip, type Box } from "./shapes.ts";
import type { Gate, Stop } from "./way.ts";

/** Heights of the channel: two lanes with a strip between them. */
const LANE = 34;
const STRIP = 5;
export const CHANNEL = 2 * LANE + STRIP;
const BANK = 4;
/** How far a gate's posts stand above the channel. */
const RISE = 20;

/** What each lambda does to the two lanes; whatever is not listed leaves them as they are. */
const SCENES: Readonly<Record<string, (reach: Reach, lanes: Lanes) => Lanes>> = {
  Expand: (reach, lanes) => ({ ...lanes, svg: wedge(reach, 0, 0.16), fill: 0.16, dug: true, synced: true }),
  Backfill: (reach, lanes) => ({ ...lanes, svg: wedge(reach, lanes.fill, 1), fill: 1 }),
  Cutover: (_, lanes) => ({ ...lanes, traffic: "new" }),
  Contract: (reach, lanes) => ({ ...lanes, svg: drain(reach), drained: true, synced: false }),
};

/** A stop's part of the channel. */
export type Reach = Box;

/** How the lanes are behind a stop. */
export interface Lanes {
  /** What the stop itself draws over them. */
  readonly svg: string;
  /** How full the new lane is, 0 to 1. */
  readonly fill: number;
  readonly dug: boolean;
  /** The old lane is no more. */
  readonly drained: boolean;
  readonly synced: boolean;
  readonly traffic: "old" | "new";
}

export const SOURCE: Lanes = { svg: "", fill: 0, dug: false, drained: false, synced: false, traffic: "old" };

/** The lanes behind `stop`, and in `svg` what it looks like. */
export function flowThrough(stop: Stop, reach: Reach, before: Lanes): Lanes {
  const scene = SCENES[stop.lambda];
  const first = scene !== undefined && !stop.title.endsWith(" again");
  const plain = { ...before, svg: "" };
  const after = first ? scene(reach, plain) : plain;
  const bed = after.dug ? rect("bed", { ...reach, y: newLane(reach), height: LANE }) : "";
  const old = before.drained || after.drained ? "" : rect("old", { ...reach, height: LANE });
  const full = before.fill > 0 && after.svg === "" ? wedge(reach, before.fill, before.fill) : "";
  const stillFull = after.drained && !before.drained ? wedge(reach, 1, 1) : "";
  const ties = after.synced && before.synced ? syncTies(reach) : "";
  return { ...after, svg: bed + old + full + stillFull + after.svg + ties + boats(reach, before, after) };
}

/** Where along a row the new lane begins and the old one ends. */
export interface Extent {
  readonly dugFrom: number;
  readonly dryFrom: number;
}

/** The banks of a row's channel: each keeps to what is there of the lanes. */
export function banks(row: Box, { dugFrom, dryFrom }: Extent): string {
  const right = row.x + row.width;
  const bank = (x: number, y: number, end: number): string =>
    end > x ? rect("bank", { x, y, width: end - x, height: BANK }) : "";
  const step = (x: number, y: number): string =>
    x > row.x && x < right ? rect("bank", { x: x - BANK / 2, y, width: BANK, height: LANE + STRIP + BANK }) : "";
  return [
    bank(row.x, row.y - BANK, dryFrom),
    bank(dryFrom, newLane(row) - BANK, right),
    bank(row.x, row.y + LANE, dugFrom),
    bank(dugFrom, row.y + CHANNEL, right),
    step(dugFrom, row.y + LANE),
    step(dryFrom, row.y - BANK),
  ].join("");
}

function newLane({ y }: Reach): number {
  return y + LANE + STRIP;
}

/** The new lane's water, as full at its begin and end as told. */
function wedge(reach: Reach, from: number, to: number): string {
  const bottom = newLane(reach) + LANE;
  const [left, right] = [reach.x, reach.x + reach.width];
  return polygon("new", [
    [left, bottom],
    [left, bottom - from * LANE],
    [right, bottom - to * LANE],
    [right, bottom],
  ]);
}

/** The old lane runs dry. */
function drain(reach: Reach): string {
  return polygon("old", [
    [reach.x, reach.y],
    [reach.x + reach.width, reach.y + LANE],
    [reach.x, reach.y + LANE],
  ]);
}

/** Small arrows both ways between the lanes: the triggers. */
function syncTies(reach: Reach): string {
  const middle = reach.y + LANE + STRIP / 2;
  return [0.2, 0.5, 0.8].map((share) => doubleArrow([reach.x + share * reach.width, middle])).join("");
}

/** Three strands of traffic; in the cutover one after another changes its lane. */
function boats(reach: Reach, before: Lanes, after: Lanes): string {
  const right = reach.x + reach.width;
  return [0, 1, 2]
    .map((strand) => {
      const [old, fresh] = [reach.y, newLane(reach)].map((top) => top + LANE / 2 + (strand - 1) * 9.5);
      const y = { old: old ?? 0, new: fresh ?? 0 };
      if (before.traffic === after.traffic)
        return path("boats", `M${at(reach.x)} ${at(y[after.traffic])} H${at(right)}`);
      const turn = reach.x + (0.08 + 0.26 * (2 - strand)) * reach.width;
      const bend = `C${at(turn + 22)} ${at(y.old)} ${at(turn + 14)} ${at(y.new)} ${at(turn + 36)} ${at(y.new)}`;
      return path("boats", `M${at(reach.x)} ${at(y.old)} H${at(turn)} ${bend} H${at(right)}`);
    })
    .join("");
}

export interface PlacedGate {
  readonly gate: Gate;
  readonly x: number;
  /** How far below the channel its name stands. */
  readonly name: number;
}

/** A sluice gate over both lanes at `x`, with its name below: two posts, a beam with its wheel, the leaf lifted. */
export function sluiceGate({ gate: { name, standsBy }, x, name: below }: PlacedGate, row: Box): string {
  const [left, right, top] = [x - 16, x + 13, row.y - RISE];
  const height = CHANNEL + RISE + BANK;
  const planks = [5, 11, 17].map((dy) => `M${at(left + 3)} ${at(row.y - 10 + dy)} H${at(right)}`).join(" ");
  return [
    rect("leaf", { x: left + 3, y: row.y - 12, width: 26, height: 26 }),
    path("plank", planks),
    rect("gate", { x: left, y: top, width: 3, height }),
    rect("gate", { x: right, y: top, width: 3, height }),
    rect("gate", { x: left - 4, y: top - 3, width: 40, height: 4 }, 1),
    wheel(x, top, row.y - 12),
    standsBy ? person([x + 10, top - 4]) : "",
    centredText("gatename", [x, row.y + CHANNEL + below], name),
  ].join("");
}

function wheel(x: number, top: number, leaf: number): string {
  return [
    path("rod", `M${at(x)} ${at(top - 10)} V${at(leaf)}`, 2),
    `<circle class="rod" cx="${at(x)}" cy="${at(top - 10)}" r="6" stroke-width="2"/>`,
    path("rod", `M${at(x - 6)} ${at(top - 10)} H${at(x + 6)} M${at(x)} ${at(top - 16)} V${at(top - 4)}`, 1.2),
  ].join("");
}

/** The small post between two stops: each goes on only when it has said that it is done. */
export function post(x: number, row: Box): string {
  return rect("gate", { x: x - 1.25, y: row.y - 9, width: 2.5, height: CHANNEL + 9 + BANK }, 1);
}

/** Arrow heads where the channel leaves its row, or enters it. */
export function onwards(x: number, row: Box): string {
  return [row.y + LANE / 2, newLane(row) + LANE / 2]
    .map((y) => tip("gate", [x, y], { towards: "right", size: 8 }))
    .join("");
}
