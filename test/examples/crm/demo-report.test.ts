import { describe, expect, it } from "vitest";
import { styleOf } from "../../../cli/output/style.ts";
import { wentWell, type DemoReport } from "../../../examples/crm/demo-report.ts";
import { reportText } from "../../../examples/crm/report-text.ts";

const summary = { requests: 1_000, errors: 0, p50: 1.25, p99: 9.5, max: 20 };
const findings = {
  rows: 500_100,
  segments: 160,
  oldNulls: 9,
  newNulls: 9,
  mismatches: 0,
  differingSegments: 0,
  worst: [],
};
const good: DemoReport = {
  migration: "contact-acquisition-channel",
  succeeded: true,
  contacts: 500_000,
  run: {
    runId: "r",
    migration: "contact-acquisition-channel",
    planHash: "h",
    rowsSynced: 409_000,
    rowsPerSecond: 90_000,
    beforeCutover: findings,
    beforeContract: findings,
    lockTimeouts: 1,
    gates: [],
    secondsByPhase: { expand: 1, backfill: 8, contract: 0.5 },
  },
  application: {
    all: { ...summary, requests: 3_000 },
    before: summary,
    during: summary,
    after: summary,
    byPhase: { "warm-up": summary, before: summary, expand: summary, backfill: summary, after: summary },
    contradictions: 0,
    messages: [],
  },
  locks: {
    longest: { milliseconds: 37.4, lockType: "transactionid", mode: "ShareLock", blockedBy: "UPDATE t" },
    samples: 900,
  },
  writes: { acknowledged: 700, lost: 0, untouched: 499_000, changed: 0 },
};

describe("wentWell", () => {
  it("is true where the run succeeded and everything that must be 0 is", () => {
    expect(wentWell(good)).toBe(true);
  });

  const { application, run, writes } = good;
  const bad: Readonly<Record<string, Partial<DemoReport>>> = {
    "the run failed": { succeeded: false, run: undefined },
    "a request failed": { application: { ...application, all: { ...summary, errors: 1 } } },
    "a read was stale": { application: { ...application, contradictions: 1 } },
    "a write was lost": { writes: { ...writes, lost: 1 } },
    "history was changed": { writes: { ...writes, changed: 1 } },
    "rows differed": { run: { ...run!, beforeContract: { ...findings, mismatches: 1 } } },
    "only the hashes differed": { run: { ...run!, beforeCutover: { ...findings, differingSegments: 1 } } },
    "no request was served during the run": { application: { ...application, during: { ...summary, requests: 0 } } },
    "nobody looked at the locks": { locks: { samples: 0 } },
    "no write was compared": { writes: { ...writes, acknowledged: 0 } },
  };
  it.each(Object.entries(bad))("is false where %s", (_, change) => {
    expect(wentWell({ ...good, ...change })).toBe(false);
  });
});

describe("reportText", () => {
  it("says what was moved, what it cost and that nothing was lost", () => {
    expect(reportText(good, styleOf(false)).split("\n")).toEqual([
      "✔ contact-acquisition-channel: done in 10s under live traffic",
      "",
      "  rows synced         409,000 at 90,000 rows/s",
      "  divergence          0 in 500,100 rows of 160 segments, again in 500,100 rows of 160 segments",
      "  lost writes         0 of 700 contacts written during the run",
      "  history changed     0 of 499,000 contacts nobody wrote to",
      "  requests            3,000, errors 0, stale reads 0",
      "  longest lock wait   37 ms for a row, behind UPDATE t",
      "  lock timeouts       1 (DDL that stepped back and tried again)",
      "",
      "                             time   requests        p50        p99    slowest",
      "  before                               1,000     1.3 ms     9.5 ms    20.0 ms",
      "  during                    9.5 s      1,000     1.3 ms     9.5 ms    20.0 ms",
      "    expand                  1.0 s      1,000     1.3 ms     9.5 ms    20.0 ms",
      "    backfill                8.0 s      1,000     1.3 ms     9.5 ms    20.0 ms",
      "  after                                1,000     1.3 ms     9.5 ms    20.0 ms",
      "",
    ]);
  });

  it("says first what went wrong, and what the application said", () => {
    const text = reportText(
      {
        ...good,
        succeeded: false,
        run: undefined,
        failure: "FAILED GateFailed alarm",
        application: { ...good.application, all: { ...summary, errors: 2 }, messages: ["no such column"] },
      },
      styleOf(false),
    );
    expect(text.split("\n")[0]).toBe("✘ contact-acquisition-channel: FAILED GateFailed alarm; 2 application errors");
    expect(text).toContain("What the application said:\n    no such column");
  });
});
