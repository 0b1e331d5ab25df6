import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { RunRecord } from "../../../core/ports.ts";
import { alarmsOk } from "../../../core/preflight/alarms-ok.ts";
import { consumersDeclared } from "../../../core/preflight/consumers-declared.ts";
import { coolingPeriod } from "../../../core/preflight/cooling-period.ts";
import { flagExists } from "../../../core/preflight/flag-exists.ts";
import { ROLLBACK_PREFIX, runName } from "../../../core/preflight/run-name.ts";
import { serverVersion } from "../../../core/preflight/server-version.ts";
import { soakLength } from "../../../core/preflight/soak-length.ts";
import { tableFree } from "../../../core/preflight/table-free.ts";
import { validationSegments } from "../../../core/preflight/validation-segments.ts";
import { catalogOf, contextOf, lines, migrationOf } from "./contexts.ts";

describe("server-version", () => {
  it.each([
    [130_022, "refuse"],
    [140_000, "ok"],
    [180_001, "ok"],
    [190_000, "warn"],
  ] as const)("judges %i: %s", (version, verdict) => {
    expect(serverVersion(contextOf({ catalog: catalogOf({ serverVersion: version }) })).verdict).toBe(verdict);
  });

  it("says what an old server lacks", () => {
    expect(lines(serverVersion(contextOf({ catalog: catalogOf({ serverVersion: 130_022 }) })))).toEqual([
      'refuse server "PostgreSQL 13" is older than 14 and cannot scan a range of blocks. Upgrade the server to PostgreSQL 14 or later',
    ]);
  });
});

describe("run-name", () => {
  it("refuses a name that leaves no room for the rollback's", () => {
    const longest = "r".repeat(71);
    expect(runName(contextOf({ runId: longest })).verdict).toBe("ok");
    expect(lines(runName(contextOf({ runId: `${longest}r` })))).toEqual([
      `refuse run "${longest}r" has a name of 72 characters, and its rollback "rollback-<run>" could not be started: Step Functions takes 80. Start it under a name of at most 71 characters, or under none`,
    ]);
  });

  it("counts with the prefix that the state machine gives a rollback", () => {
    const definition = readFileSync("state-machines/migration.asl.json", "utf8");
    expect(definition).toContain(`States.Format('${ROLLBACK_PREFIX}{}', $.run.id)`);
  });
});

describe("flag-exists", () => {
  it("refuses a migration whose flag was never deployed", () => {
    expect(lines(flagExists(contextOf({ flagExists: false })))).toEqual([
      'refuse flag "contact-acquisition-channel" has no environment and profile in AppConfig. Run sluice deploy with this migration in the migrations folder',
    ]);
    expect(flagExists(contextOf()).verdict).toBe("ok");
  });
});

describe("alarms-ok", () => {
  const migration = migrationOf({ gates: { alarms: ["a", "b", "c", "d", "e"] } });

  it("passes an alarm that is OK, and no other state", () => {
    const alarms = new Map([
      ["a", "OK"],
      ["b", "ALARM"],
      ["c", "INSUFFICIENT_DATA"],
      ["d", "missing"],
    ] as const);
    expect(lines(alarmsOk(contextOf({ migration, alarms })))).toEqual([
      'ok alarm "a" is OK.',
      'refuse alarm "b" is in ALARM now. Find out why, and start the run when it is OK',
      'refuse alarm "c" has no data, which counts as unhealthy. Let its metric arrive, or correct the alarm\'s metric and how it treats missing data',
      'refuse alarm "d" does not exist in CloudWatch. Create it, or correct its name in gates.alarms',
      'refuse alarm "e" does not exist in CloudWatch. Create it, or correct its name in gates.alarms',
    ]);
  });

  it("warns where no alarm is named", () => {
    const results = alarmsOk(contextOf({ migration: migrationOf({ gates: {} }) }));
    expect(results.map(({ verdict }) => verdict)).toEqual(["warn"]);
  });
});

describe("table-free", () => {
  const holder: RunRecord = {
    runId: "run-0",
    migration: "other",
    planHash: "h",
    executionArn: "arn",
    table: "crm/crm.contacts",
    phase: "backfill",
    startedAt: "2026-01-01T00:00:00Z",
    updatedAt: "2026-01-01T00:00:00Z",
  };

  it("refuses a table that another run holds, and names the run", () => {
    expect(lines(tableFree(contextOf({ holder })))).toEqual([
      'refuse table "crm/crm.contacts" belongs to run "run-0" of migration "other", which is in phase backfill. Wait for that run, or roll it back',
    ]);
  });

  it("passes the run that holds it itself", () => {
    expect(tableFree(contextOf({ holder: { ...holder, runId: "run-1" } })).verdict).toBe("ok");
    expect(tableFree(contextOf()).verdict).toBe("ok");
  });
});

describe("what is allowed and unwise", () => {
  it("is nothing in a migration with production times", () => {
    const results = [soakLength, coolingPeriod, consumersDeclared, validationSegments].flatMap((check) =>
      check(contextOf()),
    );
    expect(results.map(({ verdict }) => verdict)).toEqual(["ok", "ok", "ok", "ok"]);
  });

  it("is a soak that ends before an alarm could fire", () => {
    const migration = migrationOf({
      soak: "599s",
      cutover: {
        steps: [
          { path: "read", percent: 100, soak: "299s" },
          { path: "write", percent: 100, soak: "5m" },
        ],
      },
    });
    expect(lines(soakLength(contextOf({ migration })))).toEqual([
      'warn cutover.steps 1 of 2 steps soak for less than 5 minutes, too short for an alarm to fire. Give each step a soak of "5m" or more',
      'warn soak is 599 s, too short for an alarm to fire. Set soak to "10m" or more; an hour is the default',
    ]);
  });

  it("is a cooling period of less than a week", () => {
    const cooling = (text: string): string =>
      coolingPeriod(contextOf({ migration: migrationOf({ contract: { cooling: text } }) })).verdict;
    expect([cooling("7d"), cooling("167h")]).toEqual(["ok", "warn"]);
  });

  it("is a contract without consumers, and a validation without segments", () => {
    const context = contextOf({ migration: migrationOf({ contract: {}, validate: {} }) });
    expect(lines(consumersDeclared(context))[0]).toMatch(/^warn contract.consumers is empty: /);
    expect(lines(validationSegments(context))[0]).toMatch(/^warn validate.segments is empty: total counts only/);
  });
});
