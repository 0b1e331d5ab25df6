import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { PreflightRefused } from "../../../core/errors.ts";
import type { CheckResult, PreflightContext } from "../../../core/preflight/check.ts";
import { OPERATIONS } from "../../../core/operations/registry.ts";
import { CHECK_AREAS, CHECKS } from "../../../core/preflight/checks/registry.ts";
import { tableCheck } from "../../../core/preflight/define-check.ts";
import { ok, refuse } from "../../../core/preflight/finding.ts";
import { DATABASE_NOT_ASKED, STACK_NOT_ASKED } from "../../../core/preflight/gather.ts";
import { readAs } from "../../../core/reading.ts";
import { refuseIfAny, runPreflight } from "../../../core/preflight/run-preflight.ts";
import { preflightPage } from "../../../scripts/reference/preflight-page.ts";
import { catalogOf, columnOf, contextOf, migrationOf, tableOf, UNREAD } from "./contexts.ts";

const METRIC = {
  name: "errors",
  metrics: { errors: { namespace: "Crm", metric: "Errors", statistic: "Sum" } },
  at_most: 1,
};
const RENAME = { table: "crm.contacts", from: "lead_source", to: "acquisition_channel" };

describe("a run where all is well", () => {
  it("gets an ok of every check", () => {
    const results = runPreflight(contextOf());
    expect(results.filter(({ severity }) => severity !== "ok")).toEqual([]);
    // A start decides by compare-and-set who has the table.
    const asked = CHECKS.filter(({ name }) => name !== "table-free");
    expect(results.map(({ check }) => check)).toEqual(asked.map(({ name }) => name));
    expect(() => {
      refuseIfAny(results, "contact-acquisition-channel");
    }).not.toThrow();
  });

  it("has its warnings, which stop nothing", () => {
    const results = runPreflight(contextOf({ migration: migrationOf({ gates: {}, contract: {}, validate: {} }) }));
    expect(results.filter(({ severity }) => severity === "warn").map(({ check }) => check)).toEqual([
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
const FOLDERS = ["run", "server", "table"];

describe("the list of checks", () => {
  it("names each once, by its file, in the order of the areas, with a sentence on each", () => {
    const names = CHECKS.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const { area, name, refusesOrWarns } of CHECKS) {
      // Those of gates and operations are in the files of what they are about.
      if (FOLDERS.includes(area)) {
        expect(existsSync(`core/preflight/checks/${area}/${name}.ts`), name).toBe(true);
      }
      expect(refusesOrWarns).toMatch(/^(Refuses|Warns) [^]*\.$/);
    }
    const areas = CHECKS.map(({ area }) => area);
    expect([...new Set(areas)]).toEqual(CHECK_AREAS);
    expect(areas.toSorted((a, b) => CHECK_AREAS.indexOf(a) - CHECK_AREAS.indexOf(b))).toEqual(areas);
  });

  it("lacks no check that there is a file of", () => {
    const conditions = "core/gates/conditions";
    const ofConditions = readdirSync(conditions).flatMap((file) => {
      const text = readFileSync(`${conditions}/${file}`, "utf8");
      return [...text.matchAll(/: ConditionCheck<.*> = \{\n {2}name: "([\w-]+)"/g)].map(([, name = ""]) => name);
    });
    const ofAreas = FOLDERS.flatMap((area) => {
      const folder = `core/preflight/checks/${area}`;
      return readdirSync(folder)
        .filter((file) => /^export const \w+ = \w+Check\(/m.test(readFileSync(`${folder}/${file}`, "utf8")))
        .map((file) => file.replace(".ts", ""));
    });
    const ofOperations = OPERATIONS.flatMap(({ checks }) => checks.map(({ name }) => name));
    expect(CHECKS.map(({ name }) => name).toSorted()).toEqual(
      [...ofConditions, ...ofAreas, ...ofOperations].toSorted(),
    );
  });

  it("is all that the engine knows of checks: it names none", () => {
    const engine = readdirSync("core/preflight")
      .filter((file) => file.endsWith(".ts"))
      .map((file) => readFileSync(`core/preflight/${file}`, "utf8"))
      // Comments give a check's name as an example.
      .map((text) => text.replaceAll(/^\s*(\/\*\*|\*|\/\/).*$/gm, ""))
      .join("\n");
    for (const { name } of CHECKS) expect(engine).not.toContain(`"${name}"`);
  });
});

describe("a check that is made here alone", () => {
  const toy = tableCheck({
    name: "toy",
    refusesOrWarns: "Refuses a table of more than 9 blocks.",
    check: ({ table: { name, blocks } }) =>
      blocks > 9
        ? refuse({ object: `table "${name}"`, message: "has too many blocks", remedy: "Delete rows" })
        : ok(`table "${name}"`, "is small"),
  });
  const checks = [...CHECKS, toy];
  const judged = (context: Partial<PreflightContext>): readonly CheckResult[] =>
    runPreflight(contextOf(context), checks).filter(({ check }) => check === "toy");

  it("runs in the engine, under its name, after the other checks of its area", () => {
    expect(judged({})).toEqual([
      {
        check: "toy",
        severity: "refuse",
        object: 'table "contacts"',
        message: "has too many blocks",
        remedy: "Delete rows",
      },
    ]);
    expect(judged({ catalog: catalogOf({ table: tableOf({ blocks: 9 }) }) })).toMatchObject([{ severity: "ok" }]);
    const order = runPreflight(contextOf(), checks).map(({ check }) => check);
    expect(order[order.indexOf("toy") - 1]).toBe("backfill-pace");
    expect(order[order.indexOf("toy") + 1]).toBe("source-exists");
  });

  it("is left out where there is no table, or where the server's version is refused", () => {
    expect(judged({ catalog: catalogOf({ table: undefined }) })).toEqual([]);
    expect(judged({ catalog: catalogOf({ serverVersion: 130_000 }) })).toEqual([]);
  });

  it("has its row in the reference, in the section of its area", () => {
    const [, section = ""] = preflightPage(checks).split("## The table\n");
    expect(section.split("\n## ")[0]).toMatch(/^\| `toy` +\| Refuses a table of more than 9 blocks\. +\|$/m);
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
      "gate-metrics",
      "gate-predicates",
    ]);
  });

  it("warns of what could not be read, where a start refuses", () => {
    const unread = { flagExists: UNREAD, alarms: UNREAD, transactions: UNREAD, slots: UNREAD };
    const judged = (runId: string | undefined): readonly string[] =>
      runPreflight(contextOf({ ...unread, runId }))
        .filter(({ severity }) => severity !== "ok")
        .map(({ check, severity }) => `${check} ${severity}`);
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
      .filter(({ severity }) => severity === "refuse")
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
      severity: "refuse",
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
      )?.severity;
    expect([check(true), check(false)]).toEqual(["ok", "refuse"]);
  });

  it("is refused where the new column is of another type by now", () => {
    const table = tableOf({ columns: [columnOf(), columnOf({ name: "acquisition_channel", type: "bigint" })] });
    const refusals = runPreflight(contextOf({ catalog: catalogOf({ table }), resuming: true })).filter(
      ({ severity }) => severity === "refuse",
    );
    expect(refusals.map(({ check }) => check)).toEqual(["target-absent"]);
  });

  it("may find the old column gone, where contract got that far", () => {
    const table = tableOf({ columns: [columnOf({ name: "acquisition_channel" })] });
    const severities = (resuming: boolean): readonly string[] =>
      runPreflight(contextOf({ catalog: catalogOf({ table }), resuming })).map(({ severity }) => severity);
    expect(severities(true)).not.toContain("refuse");
    expect(severities(false)).toContain("refuse");
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
        "Fix them, then start it again",
      ].join("\n"),
    );
  });
});
