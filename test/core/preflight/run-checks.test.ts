import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { MigrationInput } from "../../../core/migration/schema.ts";
import type { LockedTable } from "../../../core/preflight/check.ts";
import { consumersDeclared } from "../../../core/preflight/checks/run/consumers-declared.ts";
import { coolingPeriod } from "../../../core/preflight/checks/run/cooling-period.ts";
import { executionLife } from "../../../core/preflight/checks/run/execution-life.ts";
import { flagExists } from "../../../core/preflight/checks/run/flag-exists.ts";
import { pausePlan } from "../../../core/preflight/checks/run/pause-plan.ts";
import { readAs } from "../../../core/preflight/reading.ts";
import { runName } from "../../../core/preflight/checks/run/run-name.ts";
import { ROLLBACK_PREFIX } from "../../../core/run-name.ts";
import { soakLength } from "../../../core/preflight/checks/run/soak-length.ts";
import { tableFree } from "../../../core/preflight/checks/run/table-free.ts";
import { validationSegments } from "../../../core/preflight/checks/run/validation-segments.ts";
import { catalogOf, contextOf, lines, migrationOf, tableOf, UNREAD, verdicts } from "./contexts.ts";

const GIB = 2 ** 30;

describe("run-name", () => {
  it("refuses a name that leaves no room for the rollback's", () => {
    const longest = "r".repeat(71);
    expect(verdicts(runName(contextOf({ runId: longest })))).toEqual(["ok"]);
    expect(runName(contextOf({ runId: undefined }))).toEqual([]);
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
    expect(lines(flagExists(contextOf({ flagExists: readAs(false) })))).toEqual([
      'refuse flag "contact-acquisition-channel" has no environment and profile in AppConfig. Run sluice deploy with this migration in the migrations folder',
    ]);
    expect(verdicts(flagExists(contextOf()))).toEqual(["ok"]);
    expect(lines(flagExists(contextOf({ flagExists: UNREAD })))).toEqual([
      'refuse flag "contact-acquisition-channel" could not be read, and what cannot be read is not healthy: nobody answered. Mend that, then ask again',
    ]);
  });
});

describe("table-free", () => {
  const holder: LockedTable = { table: "crm/crm.contacts", runId: "run-0", migration: "other", phase: "backfill" };

  it("warns of a run that holds the table, and names it", () => {
    expect(lines(tableFree(contextOf({ holder: readAs(holder) })))).toEqual([
      'warn table "crm/crm.contacts" belongs to run "run-0" of migration "other", which is in phase backfill: a start is refused while that run lives. Wait for that run, or roll it back',
    ]);
  });

  it("passes a free table, and leaves the question to a start's own compare-and-set", () => {
    expect(verdicts(tableFree(contextOf({ holder: readAs(undefined) })))).toEqual(["ok"]);
    expect(verdicts(tableFree(contextOf({ holder: UNREAD, runId: undefined })))).toEqual(["warn"]);
    expect(tableFree(contextOf())).toEqual([]);
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
      'warn cutover.steps has 1 of 2 steps with a soak of less than 5 minutes, too short for an alarm to fire. Give each step a soak of "5m" or more',
      'warn soak is 599 s, too short for an alarm to fire. Set soak to "10m" or more; an hour is the default',
    ]);
  });

  it("is a contract without consumers, and a validation without segments", () => {
    const context = contextOf({ migration: migrationOf({ contract: {}, validate: {} }) });
    expect(lines(consumersDeclared(context))).toEqual([
      "warn contract.consumers is empty: nobody has said who reads the old column. List the services, jobs, exports, BI reports and roles that read or write the table",
    ]);
    expect(lines(validationSegments(context))[0]).toMatch(/^warn validate.segments is empty: total counts only/);
  });
});

describe("cooling-period", () => {
  const judge = (cooling: string, bytes = 0): string =>
    verdicts(
      coolingPeriod(
        contextOf({
          migration: migrationOf({ contract: { cooling } }),
          catalog: catalogOf({ table: tableOf({ bytes }) }),
        }),
      ),
    ).join();

  it("warns below a week, and refuses none at all", () => {
    expect([judge("7d"), judge("167h"), judge("1s"), judge("0s"), judge("0d")]).toEqual([
      "ok",
      "warn",
      "warn",
      "refuse",
      "refuse",
    ]);
  });

  it("refuses less than a day on a table of more than 1 GiB", () => {
    expect([judge("23h", GIB), judge("23h", GIB + 1), judge("1d", GIB + 1), judge("7d", GIB + 1)]).toEqual([
      "warn",
      "refuse",
      "warn",
      "ok",
    ]);
    const context = contextOf({
      migration: migrationOf({ contract: { cooling: "5s" } }),
      catalog: catalogOf({ table: tableOf({ bytes: 3 * GIB }) }),
    });
    expect(lines(coolingPeriod(context))).toEqual([
      'refuse contract.cooling is 5 s, and the table has 3 GiB: not even a nightly job that reads the old column shows up in time. Set contract.cooling to "7d" or more, to match the closing cycle',
    ]);
  });

  it("judges without a table too", () => {
    const migration = migrationOf({ contract: { cooling: "5s" } });
    expect(verdicts(coolingPeriod(contextOf({ migration, catalog: catalogOf({ table: undefined }) })))).toEqual([
      "warn",
    ]);
  });
});

describe("consumers-declared", () => {
  const judge = (readers: readonly string[]): string =>
    lines(
      consumersDeclared(
        contextOf({ migration: migrationOf({ contract: {} }), catalog: catalogOf({ table: tableOf({ readers }) }) }),
      ),
    )[0] ?? "";

  it("names the roles that may read the table, where there is more than the application's", () => {
    expect(judge(["app"])).not.toContain("app");
    expect(judge(["app", "bi"])).toContain('who reads the old column; "app", "bi" may, by their grants on the table.');
  });

  it("counts what would be too many to read", () => {
    const many = Array.from({ length: 12 }, (_, index) => `role_${String(index)}`);
    expect(judge(many)).toContain('"role_9" and 2 more may, by their grants');
  });
});

describe("pause-plan", () => {
  const judge = (gates: MigrationInput["gates"]): string =>
    pausePlan(contextOf({ migration: migrationOf({ gates }) })).verdict;

  it("passes alarms, a gate before the backfill, and a gate that pauses", () => {
    expect(judge({ alarms: ["crm-errors"] })).toBe("ok");
    expect(judge({ before_expand: { hold: "1h" } })).toBe("ok");
    expect(judge({ before_backfill: { approval: {} } })).toBe("ok");
    expect(judge({ before_contract: { approval: {}, on_fail: "pause" } })).toBe("ok");
  });

  it("warns where only a person would hold the run", () => {
    expect(judge({ before_contract: { approval: {} } })).toBe("warn");
    expect(lines(pausePlan(contextOf({ migration: migrationOf({ gates: {} }) })))).toEqual([
      "warn gates has no alarm and no gate before the backfill: only a person pauses it, by sluice pause. Name alarms under gates.alarms, declare gates.before_backfill, or say who watches the run",
    ]);
  });
});

describe("execution-life", () => {
  const judge = (changes: Partial<MigrationInput>): readonly string[] =>
    lines(executionLife(contextOf({ migration: migrationOf(changes) })));

  it("counts what a run waits for by default", () => {
    // 8 gates of 30 min, of which the one between steps is asked 3 times; 4 soaks of 10 min, 1 h, 7 days.
    expect(judge({})).toEqual([
      'ok migration "contact-acquisition-channel" waits for 7 days at most, all its gates and soaks together.',
    ]);
  });

  it("refuses waits that are a year only together, and names the longest", () => {
    const halves: Partial<MigrationInput> = {
      gates: { before_cutover: { approval: { within: "180d" } }, before_contract: { hold: "100d" } },
      contract: { cooling: "90d" },
    };
    expect(judge(halves)[0]).toMatch(
      /^refuse .* may wait for 370 days, .* the longest wait is gates.before_cutover.approval.within\. Shorten/,
    );
    expect(judge({ ...halves, contract: { cooling: "80d" } })[0]).toMatch(/^ok .* waits for 360 days at most/);
  });

  it("counts the gate between steps as often as it is asked", () => {
    const gates = { between_steps: { approval: { within: "130d" } } };
    expect(judge({ gates })[0]).toMatch(/^refuse .* may wait for 397 days/);
  });

  it("refuses a single wait of a year, which the schema lets pass", () => {
    expect(judge({ contract: { cooling: "365d" } })[0]).toMatch(/^refuse .* the longest wait is contract.cooling/);
  });
});
