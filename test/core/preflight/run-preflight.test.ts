import { describe, expect, it } from "vitest";
import { PreflightRefused } from "../../../core/errors.ts";
import { refuseIfAny, runPreflight } from "../../../core/preflight/run-preflight.ts";
import { catalogOf, columnOf, contextOf, migrationOf, tableOf } from "./contexts.ts";

const RENAME = { table: "crm.contacts", from: "lead_source", to: "acquisition_channel" };

describe("a run where all is well", () => {
  it("gets an ok of every check", () => {
    const results = runPreflight(contextOf());
    expect(results.filter(({ verdict }) => verdict !== "ok")).toEqual([]);
    expect(results.map(({ check }) => check)).toEqual([
      "server-version",
      "relation-kind",
      "table-size",
      "privileges",
      "row-security",
      "inheritance",
      "foreign-partitions",
      "sync-leftovers",
      "trigger-order",
      "source-exists",
      "target-absent",
      "source-plain",
      "source-nullable",
      "column-type",
      "stable-default",
      "partition-key",
      "constraints",
      "indexes",
      "dependents",
      "trigger-columns",
      "trigger-functions",
      "run-name",
      "flag-exists",
      "alarms-ok",
      "table-free",
      "validation-segments",
      "soak-length",
      "cooling-period",
      "consumers-declared",
    ]);
    expect(() => {
      refuseIfAny(results, "contact-acquisition-channel");
    }).not.toThrow();
  });

  it("has its warnings, which stop nothing", () => {
    const results = runPreflight(contextOf({ migration: migrationOf({ gates: {}, contract: {}, validate: {} }) }));
    expect(results.filter(({ verdict }) => verdict === "warn").map(({ check }) => check)).toEqual([
      "alarms-ok",
      "validation-segments",
      "consumers-declared",
    ]);
    expect(() => {
      refuseIfAny(results, "m");
    }).not.toThrow();
  });
});

describe("checks that have nothing to look at", () => {
  const refusals = (context: Parameters<typeof contextOf>[0]): readonly string[] =>
    runPreflight(contextOf(context))
      .filter(({ verdict }) => verdict === "refuse")
      .map(({ check }) => check);

  it("are left out on a server that is too old, and the others still run", () => {
    const catalog = catalogOf({ serverVersion: 130_000, table: undefined });
    expect(refusals({ catalog, flagExists: false })).toEqual(["server-version", "flag-exists"]);
  });

  it("are left out without a table", () => {
    expect(refusals({ catalog: catalogOf({ table: undefined }) })).toEqual(["relation-kind"]);
    expect(refusals({ catalog: catalogOf({ table: tableOf({ kind: "view", roleOwns: false }) }) })).toEqual([
      "relation-kind",
    ]);
  });

  it("are left out without the column", () => {
    const migration = migrationOf({ operation: { rename_column: { ...RENAME, from: "lead_sorce" } } });
    const results = runPreflight(contextOf({ migration }));
    expect(results.find(({ check }) => check === "source-exists")).toEqual({
      check: "source-exists",
      verdict: "refuse",
      object: 'column "crm.contacts.lead_sorce"',
      message: 'does not exist; did you mean "lead_source"?',
      remedy: "Correct operation.rename_column.from",
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
        flagExists: false,
        catalog: catalogOf({ table: tableOf({ columns: [columnOf({ notNull: true })] }) }),
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
        '- column "crm.contacts.lead_source" is NOT NULL, which this version does not carry over to the new column. ALTER TABLE ... ALTER COLUMN ... DROP NOT NULL first, and set it on the new column after the run.',
        '- flag "contact-acquisition-channel" has no environment and profile in AppConfig. Run sluice deploy with this migration in the migrations folder. ',
        "Mend them, then start it again",
      ].join("\n"),
    );
  });

  it("include an operation that this version does not implement", () => {
    const migration = migrationOf({
      operation: { add_constraint: { table: "crm.contacts", name: "c", check: "true" } },
    });
    expect(() => runPreflight(contextOf({ migration }))).toThrow("asks for operation add_constraint");
  });
});
