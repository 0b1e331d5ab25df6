import { CHANNEL } from "./channel.ts";
import { BESIDE_LOOP_GATE, centre, gatesOver, left, LEFT, LINE, NOTE, type Row } from "./layout.ts";
import { at, bell, path, text, tip } from "./shapes.ts";
import { textWidth, wrapText } from "./text.ts";
import { type StateMachine, wayOf } from "./way.ts";

/** Where the ways back of all rows meet, and run up to where the traffic came from. */
const TRUNK = LEFT - 26;

export interface WayBackProps {
  readonly rows: readonly Row[];
  readonly migration: StateMachine;
  readonly rollback: StateMachine;
}

/** Where the alarms' line runs, below that of the failures. */
const ALARMS = 8;

/** Below each row the ways out, and along the left edge up to the old path. */
export function wayBack(props: WayBackProps): string {
  const { rows } = props;
  const top = (rows[0]?.channel.y ?? 0) + 17;
  const bottom = rows.at(-1)?.level ?? top;
  const stem = path("back", `M${at(TRUNK)} ${at(bottom + 2)} V${at(top)} H${at(LEFT - 8)}`, 4);
  const branches = rows.map((row, index) => branch(row, rows[index + 1]));
  const parts = [...branches, ...rows.map(alarmLine), stem, tip("tip", [LEFT, top], { towards: "right", size: 9 })];
  return [...parts, ...rows.flatMap((row) => fails(row)), ...said(props)].join("\n");
}

interface Outlet {
  readonly state: string;
  readonly x: number;
  /** Below a gate's name, or below the channel. */
  readonly from: number;
}

function outletsOf(row: Row, next: Row | undefined): readonly Outlet[] {
  const below = row.channel.y + CHANNEL;
  const gates = gatesOver(row, next).map(({ gate, x, name }) => ({ ...gate, x, from: below + name + 7 }));
  const stops = row.stops.map((stop, index) => ({
    ...stop,
    x: stop.loopGate ? left(row, index) + BESIDE_LOOP_GATE * row.column : centre(row, index),
    from: below + (stop.loopGate ? 26 : 7),
  }));
  const all = [...gates, ...stops].filter(({ rollsBack }) => rollsBack);
  return all.sort((one, other) => one.x - other.x);
}

function branch(row: Row, next: Row | undefined): string {
  const outlets = outletsOf(row, next);
  const last = outlets.at(-1);
  if (last === undefined) return "";
  const line = path("back", `M${at(last.x)} ${at(row.level)} H${at(TRUNK)}`, 4);
  return [line, ...outlets.map((each) => outlet(row, each))].join("\n");
}

function outlet({ level }: Row, { state, x, from }: Outlet): string {
  const drawn =
    path("back", `M${at(x)} ${at(from)} V${at(level - 1)}`, 2.5) +
    tip("tip", [x, level - 2], { towards: "down", size: 8 });
  return `<g id="rollback-from-${state}">${drawn}</g>`;
}

/** An alarm's way back: along all stops from which every failure rolls back, whichever is at work. */
function alarmLine(row: Row): string {
  const reached = row.stops.flatMap(({ rollsBack }, index) => (rollsBack ? [index] : []));
  const last = reached.at(-1);
  if (last === undefined) return "";
  const y = row.level + ALARMS;
  const end = left(row, last) + row.column - 22;
  const tips = reached.map((index) => tip("alarmtip", [left(row, index) + 6, y], { towards: "left", size: 7 }));
  return [path("alarm", `M${at(end)} ${at(y)} H${at(TRUNK + 2)}`, 2), ...tips, bell([end + 5, y])].join("");
}

/** Where a run ends without a rollback. */
function fails(row: Row): readonly string[] {
  return row.stops.flatMap((stop, index) => {
    if (stop.fails === undefined) return [];
    const { title, comment } = stop.fails;
    const x = left(row, index) + 8;
    const y = row.channel.y + CHANNEL + 16;
    const lines = wrapText(comment, NOTE, row.column - 14);
    return [text("backname", [x, y], title), ...lines.map((line, at) => text("note", [x, y + LINE * (at + 1)], line))];
  });
}

/** What the rollback is, and what comes of it, below the first and the last row. */
function said({ rows, migration, rollback }: WayBackProps): readonly string[] {
  const steps = wayOf(rollback).map(({ title }) => title.toLowerCase());
  const words = [
    { name: "The way back", notes: [rollback.Comment ?? ""] },
    { name: "Rolled back", notes: [steps.join(" › "), migration.States["RolledBack"]?.Comment ?? ""] },
  ];
  return rows.flatMap((row, index) => {
    const { name, notes } = words[index] ?? { name: "", notes: [] };
    const first = row.stops.findIndex(({ rollsBack }) => rollsBack);
    const x = left(row, Math.max(0, first)) + 8;
    const indent = x + textWidth(name, NOTE, true) + 8;
    const lines = notes.map((note, line) => text("note", [indent, row.level + 29 + line * LINE], note));
    return [text("backname", [x, row.level + 29], name), ...lines];
  });
}
