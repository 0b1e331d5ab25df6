import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { MigrationInput } from "../../../core/migration/schema.ts";
import type { LockedTable } from "../../../core/preflight/check.ts";
import { consumersDeclared } from "../../../core/preflight/checks/run/consumers-declared.ts";
import { coolingPeriod } from "../../../core/preflight/checks/run/cooling-period.ts";
import { executionLife } from "../../../core/preflight/checks/run/execution-life.ts";
import { flagExists } from "../../../core/preflight/checks/run/flag-exists.ts";
import { pausePlan } from "../../../core/preflight/checks/run/pause-plan.ts";
import { readAs } from "../../../core/reading.ts";
import { runName } from "../../../core/preflight/checks/run/run-name.ts";
import { ROLLBACK_PREFIX } from "../../../core/run-name.ts";
import { soakLength } from "../../../core/preflight/checks/run/soak-length.ts";
import { tableFree } from "../../../core/preflight/checks/run/table-free.ts";
import { validationSegments } from "../../../core/preflight/checks/run/validation-segments.ts";
import { resultsOf } from "../../../core/preflight/run-preflight.ts";
import {
  catalogOf,
  contextOf,
  found,
  lines,
  migrationOf,
  severities,
  severityOf,
  tableOf,
  UNREAD,
} from "./contexts.ts";

const GIB = 2 ** 30;

describe("run-name", () => {
  it("refuses a name that leaves no room for the rollback's", () => {
    const longest = "r".repeat(71);
    expect(severities(resultsOf(runName, contextOf({ runId: longest })))).toEqual(["ok"]);
    expect(resultsOf(runName, contextOf({ runId: undefined }))).toEqual([]);
    const tooLong = resultsOf(runName, contextOf({ runId: `${longest}r` }));
    expect(found(tooLong)).toEqual([`refuse run-name run "${longest}r"`]);
    expect(lines(tooLong)[0]).toMatch(/ 72 characters, .* 80\. .* 71 characters/);
  });

  it("counts with the prefix that the state machine gives a rollback", () => {
    const definition = readFileSync("state-machines/migration.asl.json", "utf8");
    expect(definition).toContain(`States.Format('${ROLLBACK_PREFIX}{}', $.run.id)`);
  });
});

describe("flag-exists", () => {
  it("refuses a migration whose flag was never deployed", () => {
    expect(found(resultsOf(flagExists, contextOf({ flagExists: readAs(false) })))).toEqual([
      'refuse flag-exists flag "contact-acquisition-channel"',
    ]);
    expect(severities(resultsOf(flagExists, contextOf()))).toEqual(["ok"]);
    expect(found(resultsOf(flagExists, contextOf({ flagExists: UNREAD })))).toEqual([
      'refuse flag-exists flag "contact-acquisition-channel"',
    ]);
  });
});

describe("table-free", () => {
  const holder: LockedTable = { table: "crm/crm.contacts", runId: "run-0", migration: "other", phase: "backfill" };

  it("warns of a run that holds the table, and names it", () => {
    expect(found(resultsOf(tableFree, contextOf({ holder: readAs(holder) })))).toEqual([
      'warn table-free table "crm/crm.contacts"',
    ]);
  });

  it("passes a free table, and leaves the question to a start's own compare-and-set", () => {
    expect(severities(resultsOf(tableFree, contextOf({ holder: readAs(undefined) })))).toEqual(["ok"]);
    expect(severities(resultsOf(tableFree, contextOf({ holder: UNREAD, runId: undefined })))).toEqual(["warn"]);
    expect(resultsOf(tableFree, contextOf())).toEqual([]);
  });
});

describe("what is allowed and unwise", () => {
  it("is nothing in a migration with production times", () => {
    const results = [soakLength, coolingPeriod, consumersDeclared, validationSegments].flatMap((check) =>
      resultsOf(check, contextOf()),
    );
    expect(results.map(({ severity }) => severity)).toEqual(["ok", "ok", "ok", "ok"]);
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
    expect(found(resultsOf(soakLength, contextOf({ migration })))).toEqual([
      "warn soak-length cutover.steps",
      "warn soak-length soak",
    ]);
  });

  it("is a contract without consumers, and a validation without segments", () => {
    const context = contextOf({ migration: migrationOf({ contract: {}, validate: {} }) });
    expect(found(resultsOf(consumersDeclared, context))).toEqual(["warn consumers-declared contract.consumers"]);
    expect(found(resultsOf(validationSegments, context))).toEqual(["warn validation-segments validate.segments"]);
  });
});

describe("cooling-period", () => {
  const judge = (cooling: string, bytes = 0): string =>
    severityOf(
      resultsOf(
        coolingPeriod,
        contextOf({
          migration: migrationOf({ contract: { cooling } }),
          catalog: catalogOf({ table: tableOf({ bytes }) }),
        }),
      ),
    );

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
    expect(found(resultsOf(coolingPeriod, context))).toEqual(["refuse cooling-period contract.cooling"]);
  });

  it("judges without a table too", () => {
    const migration = migrationOf({ contract: { cooling: "5s" } });
    expect(
      severityOf(resultsOf(coolingPeriod, contextOf({ migration, catalog: catalogOf({ table: undefined }) }))),
    ).toBe("warn");
  });
});

describe("consumers-declared", () => {
  const judge = (readers: readonly string[]): string =>
    lines(
      resultsOf(
        consumersDeclared,
        contextOf({ migration: migrationOf({ contract: {} }), catalog: catalogOf({ table: tableOf({ readers }) }) }),
      ),
    )[0] ?? "";

  it("names the roles that may read the table, where there is more than the application's", () => {
    expect(judge(["app"])).not.toContain("app");
    expect(judge(["app", "bi"])).toContain('"app", "bi" may');
  });

  it("counts what would be too many to read", () => {
    const many = Array.from({ length: 12 }, (_, index) => `role_${String(index)}`);
    expect(judge(many)).toContain('"role_9" and 2 more may');
  });
});

describe("pause-plan", () => {
  const judge = (gates: MigrationInput["gates"]): string =>
    severityOf(resultsOf(pausePlan, contextOf({ migration: migrationOf({ gates }) })));

  it("passes alarms, a gate before the backfill, and a gate that pauses", () => {
    expect(judge({ alarms: ["crm-errors"] })).toBe("ok");
    expect(judge({ before_expand: { stable_for: "1h" } })).toBe("ok");
    expect(judge({ before_backfill: { approval: {} } })).toBe("ok");
    expect(judge({ before_contract: { approval: {}, on_fail: "pause" } })).toBe("ok");
  });

  it("warns where only a person would hold the run", () => {
    expect(judge({ before_contract: { approval: {} } })).toBe("warn");
    expect(found(resultsOf(pausePlan, contextOf({ migration: migrationOf({ gates: {} }) })))).toEqual([
      "warn pause-plan gates",
    ]);
  });
});

describe("execution-life", () => {
  const judge = (changes: Partial<MigrationInput>): readonly string[] =>
    found(resultsOf(executionLife, contextOf({ migration: migrationOf(changes) })));
  const waits = (changes: Partial<MigrationInput>): string =>
    lines(resultsOf(executionLife, contextOf({ migration: migrationOf(changes) }))).join();

  it("counts what a run waits for by default", () => {
    // 8 gates of 30 min, of which the one between steps is asked 3 times; 4 soaks of 10 min, 1 h, 7 days.
    expect(judge({})).toEqual(['ok execution-life migration "contact-acquisition-channel"']);
    expect(waits({})).toContain(" 7 days ");
  });

  it("refuses waits that are a year only together, and names the longest", () => {
    const halves: Partial<MigrationInput> = {
      gates: { before_cutover: { approval: { within: "180d" } }, before_contract: { stable_for: "100d" } },
      contract: { cooling: "90d" },
    };
    expect(waits(halves)).toMatch(/^refuse .* 370 days, .* gates\.before_cutover\.approval\.within\./);
    expect(waits({ ...halves, contract: { cooling: "80d" } })).toMatch(/^ok .* 360 days /);
  });

  it("counts the gate between steps as often as it is asked", () => {
    const gates = { between_steps: { approval: { within: "130d" } } };
    expect(waits({ gates })).toMatch(/^refuse .* 397 days/);
  });

  it("refuses a single wait of a year, which the schema lets pass", () => {
    expect(waits({ contract: { cooling: "365d" } })).toMatch(/^refuse .* contract\.cooling\./);
  });
});
