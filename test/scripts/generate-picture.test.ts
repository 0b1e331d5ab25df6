import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { GATES } from "../../core/migration/schema.ts";
import { drawWay } from "../../scripts/picture/draw.ts";
import { textWidth, wrapText } from "../../scripts/picture/text.ts";
import { type StateMachine, wayOf } from "../../scripts/picture/way.ts";

const read = (file: string): Promise<string> => readFile(new URL(`../../${file}`, import.meta.url), "utf8");
const machine = async (name: string): Promise<StateMachine> =>
  JSON.parse(await read(`state-machines/${name}.asl.json`)) as StateMachine;

const migration = await machine("migration");
const rollback = await machine("rollback");
const stops = wayOf(migration);
const gates = stops.flatMap(({ gate, loopGate }) => [gate, loopGate].filter((each) => each !== undefined));

describe("the way through the migration state machine", () => {
  it("passes the phases in their order, with both proofs", () => {
    expect(stops.map(({ title }) => title)).toEqual([
      "Preflight",
      "Expand",
      "Backfill",
      "Indexes",
      "Validate",
      "Verdict",
      "Cutover",
      "Soak",
      "Cooling",
      "Validate again",
      "Verdict again",
      "Claim contract",
      "Contract",
      "Report",
    ]);
  });

  it("has a way back from every stop that a failure rolls back, and from no other", () => {
    const without = stops.filter(({ rollsBack }) => !rollsBack).map(({ state }) => state);
    expect(without).toEqual(["Preflight", "Contract", "Report"]);
  });

  it("passes every gate that a migration can declare, each before its stop or in its loop", () => {
    const passed = stops.flatMap(({ title, gate, loopGate }) => [
      ...(gate ? [`${gate.name}: ${title}`] : []),
      ...(loopGate ? [`${loopGate.name}: within ${title}`] : []),
    ]);
    expect(passed).toEqual([
      "before_expand: Expand",
      "before_backfill: Backfill",
      "before_validate: Validate",
      "before_cutover: Cutover",
      "between_steps: within Cutover",
      "before_soak: Soak",
      "before_cooling: Cooling",
      "before_contract: Validate again",
    ]);
    expect(gates.map(({ name }) => name)).toEqual(GATES);
    for (const gate of gates) expect(gate).toMatchObject({ standsBy: true, rollsBack: true });
  });

  it("knows which stops are called again, which can be paused, and which run several at once", () => {
    const titles = (holds: (stop: (typeof stops)[number]) => boolean) => stops.filter(holds).map(({ title }) => title);
    expect(titles(({ repeats }) => !repeats)).toEqual(["Preflight", "Verdict", "Verdict again", "Report"]);
    // What is claimed for contract goes through with it.
    const repeated = titles(({ repeats }) => repeats);
    expect(titles(({ pauses }) => pauses)).toEqual(repeated.filter((title) => title !== "Contract"));
    expect(titles(({ fansOut }) => fansOut)).toEqual(["Backfill", "Validate", "Validate again"]);
  });

  it("ends with an error where the machine has no end", () => {
    const circle = { StartAt: "A", States: { A: { Type: "Task", Next: "B" }, B: { Type: "Task", Next: "A" } } };
    expect(() => wayOf(circle)).toThrow("the way from A never ends");
  });
});

describe("the picture", () => {
  const svg = drawWay(migration, rollback);
  const words = svg
    .replaceAll(/<style>[^]*?<\/style>/g, "")
    .replaceAll(/<[^>]*>/g, " ")
    .replaceAll(/\s+/g, " ");

  it("is the one that is checked in", async () => {
    expect(await read("docs/way-of-a-run.svg")).toBe(svg);
  });

  it("says what each stop is and does, in the words of the state machine", () => {
    for (const { title, comment } of stops) expect(words).toContain(`${title} ${comment}`);
  });

  it("draws every gate with its name, and a person beside it who decides", () => {
    const names = [...svg.matchAll(/<text class="gatename"[^>]*>(\w+)</g)].map(([, name]) => name);
    expect(names).toHaveLength(GATES.length);
    expect(new Set(names)).toEqual(new Set(GATES));
    // One more in the legend.
    expect(svg.match(/class="person"/g)).toHaveLength(GATES.length + 1);
  });

  it("draws an outlet below each gate and each stop that can roll back", () => {
    const outlets = [...svg.matchAll(/id="rollback-from-(\w+)"/g)].map(([, state]) => state);
    const expected = [...gates, ...stops].filter(({ rollsBack }) => rollsBack).map(({ state }) => state);
    expect(outlets.toSorted()).toEqual(expected.toSorted());
  });

  it("draws the alarms' way back below both rows, and no further than contract", () => {
    const titleAt = (title: string): number =>
      Number(new RegExp(`<text class="title" x="([\\d.]+)"[^>]*>${title}<`).exec(svg)?.[1]);
    const begins = [...svg.matchAll(/<path class="alarm" d="M([\d.]+) /g)].map(([, x]) => Number(x));
    expect(begins.length).toBe(3); // One of them is in the legend.
    expect(begins[0]).toBeGreaterThan(titleAt("Verdict"));
    expect(begins[1]).toBeGreaterThan(titleAt("Verdict again"));
    expect(begins[1]).toBeLessThan(titleAt("Contract"));
  });

  it("follows a change of the state machine", () => {
    const { Soak, ...others } = migration.States;
    const changed = { ...migration, States: { ...others, Soak: { ...Soak!, Comment: "Watch & wait" } } };
    expect(drawWay(changed, rollback)).toContain("Watch &amp; wait");
  });

  it("loads nothing from anywhere, and has colours for light and dark", () => {
    expect(svg.replace('xmlns="http://www.w3.org/2000/svg"', "")).not.toMatch(/https?:|url\(|<image|<script|@import/);
    expect(svg).toContain("@media (prefers-color-scheme: dark)");
  });
});

describe("text in the picture", () => {
  it("is wrapped so that no line is wider than its column", () => {
    const lines = wrapText("Counts, nulls, exact mismatches and hash sums by segment", 13, 120);
    expect(lines.length).toBeGreaterThan(2);
    for (const line of lines) expect(textWidth(line, 13)).toBeLessThanOrEqual(120);
    expect(lines.join(" ")).toBe("Counts, nulls, exact mismatches and hash sums by segment");
  });

  it("gives a word that is too long a line of its own", () => {
    expect(wrapText("a documentation b", 13, 30)).toEqual(["a", "documentation", "b"]);
  });
});
