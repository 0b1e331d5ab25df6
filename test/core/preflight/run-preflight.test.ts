import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { describe, expect, it } from "vitest";
import { PreflightRefused } from "../../../core/errors.ts";
import { CHECKS } from "../../../core/preflight/checks.ts";
import { DATABASE_NOT_ASKED, STACK_NOT_ASKED } from "../../../core/preflight/gather.ts";
import { readAs } from "../../../core/preflight/reading.ts";
import { refuseIfAny, runPreflight } from "../../../core/preflight/run-preflight.ts";
import { catalogOf, columnOf, contextOf, migrationOf, tableOf, UNREAD } from "./contexts.ts";

const ORDER = ["run", "server", "table", "rename_column", "gates"];
const METRIC = {
  name: "errors",
  metrics: { errors: { namespace: "Crm", metric: "Errors", statistic: "Sum" } },
  at_most: 1,
};
const RENAME = { table: "crm.contacts", from: "lead_source", to: "acquisition_channel" };

describe("a run where all is well", () => {
  it("gets an ok of every check", () => {
    const results = runPreflight(contextOf());
    expect(results.filter(({ verdict }) => verdict !== "ok")).toEqual([]);
    // A start decides by compare-and-set who has the table.
    const asked = CHECKS.filter(({ name }) => name !== "table-free");
    expect(results.map(({ check }) => check)).toEqual(asked.map(({ name }) => name));
    expect(() => {
      refuseIfAny(results, "contact-acquisition-channel");
    }).not.toThrow();
  });

  it("has its warnings, which stop nothing", () => {
    const results = runPreflight(contextOf({ migration: migrationOf({ gates: {}, contract: {}, validate: {} }) }));
    expect(results.filter(({ verdict }) => verdict === "warn").map(({ check }) => check)).toEqual([
      "consumers-declared",
      "validation-segments",
      "pause-plan",
      "alarms-ok",
    ]);
    expect(() => {
      refuseIfAny(results, "m");
    }).not.toThrow();
  });
});

/** What the folders of `core/preflight/checks` are about; the other checks are of operations. */
const FOLDERS = ["run", "server", "table", "gates"];

describe("the list of checks", () => {
  it("names each once, by its file, in the order in which they run, with a sentence on each", () => {
    const names = CHECKS.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const { section, name, refusesOrWarns } of CHECKS) {
      if (FOLDERS.includes(section)) {
        expect(existsSync(`core/preflight/checks/${section}/${name}.ts`), name).toBe(true);
      }
      expect(refusesOrWarns).toMatch(/^(Refuses|Warns) [^]*\.$/);
    }
    const sections = CHECKS.map(({ section }) => section);
    expect([...new Set(sections)]).toEqual(["run", "server", "table", "rename_column", "gates"]);
    expect(sections.toSorted((a, b) => ORDER.indexOf(a) - ORDER.indexOf(b))).toEqual(sections);
  });

  it("lacks no check that there is a file of", () => {
    const files = readdirSync("core/preflight/checks", { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".ts"))
      .filter((file) => readFileSync(`core/preflight/checks/${file}`, "utf8").includes('findings("'))
      .map((file) => basename(file, ".ts"));
    const listed = CHECKS.filter(({ section }) => FOLDERS.includes(section));
    expect(listed.map(({ name }) => name).toSorted()).toEqual(files.toSorted());
  });
});

describe("a look ahead, before there is a run and a stack", () => {
  it("leaves out what nobody was asked for, and passes nothing in its place", () => {
    const context = contextOf({
      ...DATABASE_NOT_ASKED,
      ...STACK_NOT_ASKED,
      runId: undefined,
      migration: migrationOf({
        gates: {
          alarms: ["crm-errors"],
          before_cutover: { sql: [{ name: "quiet", holds: "true" }], metrics: [METRIC] },
        },
      }),
    });
    const shown = runPreflight(context).map(({ check }) => check);
    const left = CHECKS.map(({ name }) => name).filter((name) => !shown.includes(name));
    expect(left).toEqual([
      "run-name",
      "flag-exists",
      "table-free",
      "long-transactions",
      "replication-slots",
      "alarms-ok",
      "gate-predicates",
      "gate-metrics",
    ]);
  });

  it("warns of what could not be read, where a start refuses", () => {
    const unread = { flagExists: UNREAD, alarms: UNREAD, transactions: UNREAD, slots: UNREAD };
    const judged = (runId: string | undefined): readonly string[] =>
      runPreflight(contextOf({ ...unread, runId }))
        .filter(({ verdict }) => verdict !== "ok")
        .map(({ check, verdict }) => `${check} ${verdict}`);
    expect(judged("run-1")).toEqual([
      "flag-exists refuse",
      "long-transactions warn",
      "replication-slots warn",
      "alarms-ok refuse",
    ]);
    expect(judged(undefined)).toEqual([
      "flag-exists warn",
      "long-transactions warn",
      "replication-slots warn",
      "alarms-ok warn",
    ]);
  });
});

describe("checks that have nothing to look at", () => {
  const refusals = (context: Parameters<typeof contextOf>[0]): readonly string[] =>
    runPreflight(contextOf(context))
      .filter(({ verdict }) => verdict === "refuse")
      .map(({ check }) => check);

  it("are left out on a server that is too old, and the others still run", () => {
    const catalog = catalogOf({ serverVersion: 130_000, table: undefined });
    expect(refusals({ catalog, flagExists: readAs(false) })).toEqual(["flag-exists", "server-version"]);
  });

  it("are left out without a table", () => {
    expect(refusals({ catalog: catalogOf({ table: undefined }) })).toEqual(["relation-kind"]);
    expect(refusals({ catalog: catalogOf({ table: tableOf({ kind: "view", roleOwns: false }) }) })).toEqual([
      "relation-kind",
    ]);
  });

  it("are left out without the column", () => {
    const migration = migrationOf({ operations: [{ rename_column: { ...RENAME, from: "lead_sorce" } }] });
    const results = runPreflight(contextOf({ migration }));
    expect(results.find(({ check }) => check === "source-exists")).toEqual({
      check: "source-exists",
      verdict: "refuse",
      object: 'column "crm.contacts.lead_sorce"',
      message: 'does not exist; did you mean "lead_source"?',
      remedy: "Correct from in the migration file",
    });
    expect(results.map(({ check }) => check)).not.toContain("target-absent");
  });
});

describe("a run that goes on with an earlier one", () => {
  const expanded = tableOf({ columns: [columnOf(), columnOf({ name: "acquisition_channel" })] });

  it("finds the new column there, which a first run must not", () => {
    const check = (resuming: boolean): string | undefined =>
      runPreflight(contextOf({ catalog: catalogOf({ table: expanded }), resuming })).find(
        (result) => result.check === "target-absent",
      )?.verdict;
    expect([check(true), check(false)]).toEqual(["ok", "refuse"]);
  });

  it("is refused where the new column is of another type by now", () => {
    const table = tableOf({ columns: [columnOf(), columnOf({ name: "acquisition_channel", type: "bigint" })] });
    const refusals = runPreflight(contextOf({ catalog: catalogOf({ table }), resuming: true })).filter(
      ({ verdict }) => verdict === "refuse",
    );
    expect(refusals.map(({ check }) => check)).toEqual(["target-absent"]);
  });

  it("may find the old column gone, where contract got that far", () => {
    const table = tableOf({ columns: [columnOf({ name: "acquisition_channel" })] });
    const verdicts = (resuming: boolean): readonly string[] =>
      runPreflight(contextOf({ catalog: catalogOf({ table }), resuming })).map(({ verdict }) => verdict);
    expect(verdicts(true)).not.toContain("refuse");
    expect(verdicts(false)).toContain("refuse");
  });
});

describe("refusals", () => {
  it("are one error that lists them all", () => {
    const results = runPreflight(
      contextOf({
        flagExists: readAs(false),
        catalog: catalogOf({ table: tableOf({ columns: [columnOf({ generated: true })] }) }),
      }),
    );
    expect(() => {
      refuseIfAny(results, "contact-acquisition-channel");
    }).toThrow(PreflightRefused);
    expect(() => {
      refuseIfAny(results, "contact-acquisition-channel");
    }).toThrow(
      [
        'migration "contact-acquisition-channel": is refused for 2 reasons; nothing was touched',
        '- flag "contact-acquisition-channel" has no environment and profile in AppConfig. Run sluice deploy with this migration in the migrations folder.',
        '- column "crm.contacts.lead_source" is a generated column, which no trigger can keep in sync. Add a second generated column of the same expression under the new name instead. ',
        "Mend them, then start it again",
      ].join("\n"),
    );
  });
});
