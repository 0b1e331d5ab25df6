import { describe, expect, it } from "vitest";
import { styleOf } from "../../../cli/output/style.ts";
import { progressLines, type DemoView } from "../../../examples/crm/progress-view.ts";
import { Screen } from "../../../examples/crm/screen.ts";

const plain = styleOf(false);

class Recorder {
  written = "";
  constructor(
    readonly isTTY: boolean,
    readonly columns = 80,
  ) {}
  write(text: string): void {
    this.written += text;
  }
}

const view: DemoView = {
  run: {
    execution: { status: "RUNNING" },
    phase: "backfill",
    message: "18 of 18 shards to do",
    job: {
      job: "backfill",
      shards: { done: 4, total: 18 },
      blocks: { done: 250, total: 1_000 },
      rowsSynced: 120_500,
      rowsPerSecond: 60_250,
      etaSeconds: 6,
      mismatches: 0,
    },
    divergence: undefined,
  },
  second: { requests: 201, errors: 0, p50: 1.23, p99: 9.87, max: 20 },
  errors: 0,
  onNewPath: 0.104,
};

describe("progressLines", () => {
  it("shows the phase, how far it is, and how the application is", () => {
    expect(progressLines(view, plain)).toEqual([
      "  ✔ preflight  ✔ expand  ▶ backfill  · validate  · cutover  · soak  · cooling  · contract",
      "  ████████░░░░░░░░░░░░░░░░░░░░░░░░  25 %  backfill  120,500 rows  60,250 rows/s  ETA 6s",
      "  application   201 requests/s  p50 1.2 ms  p99 9.9 ms  errors 0  new path 10 %",
      "  divergence    not looked at yet",
      "  18 of 18 shards to do",
    ]);
  });

  it("shows errors and divergence as they are", () => {
    const lines = progressLines({ ...view, errors: 3, run: { ...view.run, divergence: 12 } }, plain);
    expect(lines[2]).toContain("errors 3");
    expect(lines[3]).toBe("  divergence    12");
  });
});

describe("Screen", () => {
  it("draws the block over itself on a terminal, and lines that stay above it", () => {
    const terminal = new Recorder(true);
    const screen = new Screen(terminal, plain);
    screen.show(["a", "b"], "line", "1");
    screen.show(["c", "d"], "line", "1");
    screen.say("stays");
    screen.show(["e", "f"], "line", "1");
    expect(terminal.written).toBe("a\nb\n\u001b[2A\u001b[0Jc\nd\n\u001b[2A\u001b[0Jstays\ne\nf\n");
  });

  it("cuts what would wrap, since a wrapped line would not be drawn over", () => {
    const terminal = new Recorder(true, 10);
    new Screen(terminal, plain).show(["\u001b[1m0123456789abc\u001b[22m", "short"], "line", "1");
    expect(terminal.written).toBe("012345678\nshort\n");
  });

  it("writes one line a change where there is no terminal", () => {
    const terminal = new Recorder(false);
    const screen = new Screen(terminal, plain);
    screen.show(["block"], "first", "1");
    screen.show(["block"], "again", "1");
    screen.show(["block"], "second", "2");
    expect(terminal.written).toBe("first\nsecond\n");
  });
});
