import { inspect } from "node:util";
import { afterEach, describe, expect, it, vi } from "vitest";
import { bytes, counted, milliseconds, seconds, serverVersion } from "../../../cli/output/format.ts";
import { bar, facts, redrawn, visibleLength, wrap } from "../../../cli/output/layout.ts";
import { styleOf, wantsColour } from "../../../cli/output/style.ts";

describe("numbers for people", () => {
  it.each([
    [bytes(0), "0 bytes"],
    [bytes(1_023), "1023 bytes"],
    [bytes(1_536), "1.5 KiB"],
    [bytes(98 * 2 ** 20), "98 MiB"],
    [bytes(3 * 2 ** 60), "3072 PiB"],
    [seconds(0), "0s"],
    [seconds(59.6), "1m"],
    [seconds(125), "2m 5s"],
    [seconds(7 * 86_400), "7d"],
    [seconds(90_061), "1d 1h"],
    [milliseconds(250), "250 ms"],
    [milliseconds(5_000), "5s"],
    [counted(1, "row"), "1 row"],
    [counted(1_234_567, "row"), "1,234,567 rows"],
    [serverVersion(170_004), "17.4"],
  ])("writes %s as %s", (written, expected) => {
    expect(written).toBe(expected);
  });
});

describe("the layout", () => {
  it("shows a bar as full only when all is done", () => {
    expect(bar(0, 10)).toBe("░░░░░░░░░░░░░░░░░░░░░░░░   0 %");
    expect(bar(999, 1_000)).toBe("███████████████████████░  99 %");
    expect(bar(10, 10)).toBe("████████████████████████ 100 %");
    expect(bar(0, 0)).toContain("100 %");
  });

  it("wraps at spaces and never within a word", () => {
    expect(wrap("one two three four five", 20)).toEqual(["one two three four", "five"]);
    expect(wrap("x".repeat(50), 20)).toEqual(["x".repeat(50)]);
  });

  it("puts what has no room below itself, in its own column", () => {
    const style = styleOf(false);
    expect(facts([["a", "one two three four five six"]], { style, width: 25 })).toEqual([
      "  a  one two three four",
      "     five six",
    ]);
  });

  it("does not count colour as width", () => {
    expect(visibleLength(styleOf(true).bold(styleOf(true).red("abc")))).toBe(3);
  });

  it("redraws over what it wrote, wrapped lines counted", () => {
    expect(redrawn("", "first\n", 80)).toBe("first\n");
    expect(redrawn(`one\n${"x".repeat(100)}\n`, "after\n", 80)).toBe("\u001b[3A\r\u001b[Jafter\n");
  });
});

describe("colour", () => {
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  it.each([
    [true, {}, true],
    [false, {}, false],
    [true, { NO_COLOR: "1" }, false],
    [true, { NO_COLOR: "" }, true],
    [true, { TERM: "dumb" }, false],
    [false, { FORCE_COLOR: "1" }, true],
    [false, { FORCE_COLOR: "1", NO_COLOR: "1" }, false],
    [true, { FORCE_COLOR: "0" }, false],
  ])("on a terminal %s with %j is %s", (isTerminal, environment, expected) => {
    expect(wantsColour(isTerminal, environment)).toBe(expected);
  });

  it.each(["bold", "dim", "red", "green", "yellow", "cyan"] as const)(
    "wraps a text in %s, or leaves it alone",
    (kind) => {
      const [on, off] = inspect.colors[kind] ?? [];
      expect(styleOf(true)[kind]("x")).toBe(`\u001b[${String(on)}mx\u001b[${String(off)}m`);
      expect(styleOf(false)[kind]("x")).toBe("x");
    },
  );

  it("marks a text whatever the process's own standard output is", () => {
    vi.stubEnv("NO_COLOR", "1");
    expect(styleOf(true).red("x")).toBe("\u001b[31mx\u001b[39m");
  });
});
