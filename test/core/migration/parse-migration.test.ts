import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { MigrationInvalid } from "../../../core/errors.ts";
import { rollbackAlarms } from "../../../core/migration/rollback-alarms.ts";
import { migrationHash } from "../../../core/migration/migration-hash.ts";
import { operationsOf } from "../../../core/operations/migration-operations.ts";
import { parseMigration } from "../../../core/migration/parse-migration.ts";
import { GATES } from "../../../core/migration/schema.ts";
import { UNIMPLEMENTED } from "../../../core/migration/unimplemented.ts";

const VALID = `
migration: lead-source
description: Rename a column
database: crm
operations:
  - rename_column: { table: crm.contacts, from: lead_source, to: acquisition_channel }
`.trimStart();

const GATE = "gates.before_soak";
const METRIC = `${GATE}.metrics[0]`;
const STATISTIC = "{ namespace: CRM, metric: Errors, statistic: Sum }";
const gate = (yaml: string): string => `gates: { before_soak: { ${yaml} } }`;
const metric = (yaml: string): string => gate(`metrics: [{ name: a, metrics: { m: ${STATISTIC} }, ${yaml} }]`);

/** The lines of the message between the count and the remedy. */
function problems(text: string): string[] {
  try {
    parseMigration(text, "bad.yaml");
  } catch (error) {
    expect(error).toBeInstanceOf(MigrationInvalid);
    return (error as MigrationInvalid).details.problem.split("\n  ").slice(1);
  }
  throw new Error("the migration was accepted");
}

/** VALID with one more block. */
const withBlock = (yaml: string): string => `${VALID}${yaml}\n`;
const FIRST = VALID.split("\n").length;
const at = (line: number, rest: string): string => `bad.yaml:${String(line)}: ${rest}`;
const extra = (rest: string): string => at(FIRST, rest);

describe("a valid migration", () => {
  it("gets every default, and durations in milliseconds", () => {
    const migration = parseMigration(VALID, "good.yaml");
    expect(operationsOf(migration)[0]?.table).toEqual({ schema: "crm", name: "contacts" });
    expect(migration.locks).toEqual({ timeout: 500, statement_timeout: 5_000, attempts: 120 });
    expect(migration.cutover.steps.map(({ path, percent, soak }) => [path, percent, soak])).toEqual([
      ["read", 5, 600_000],
      ["read", 50, 600_000],
      ["read", 100, 600_000],
      ["write", 100, 600_000],
    ]);
    expect(migration.contract.cooling).toBe(7 * 86_400_000);
  });

  it("is the same from JSON as from YAML, tabs and all", () => {
    const json = JSON.stringify(
      {
        migration: "lead-source",
        description: "Rename a column",
        database: "crm",
        operations: [{ rename_column: { table: "crm.contacts", from: "lead_source", to: "acquisition_channel" } }],
      },
      null,
      "\t",
    );
    expect(parseMigration(json, "good.json")).toEqual(parseMigration(VALID, "good.yaml"));
  });

  it("takes a table whose name holds a dot as schema and name", () => {
    const text = VALID.replace("crm.contacts", '{ schema: crm, name: "con.tacts" }');
    expect(operationsOf(parseMigration(text, "good.yaml"))[0]?.table.name).toBe("con.tacts");
  });

  it("may use anchors, aliases and merge keys", () => {
    const text = withBlock(
      [
        "cutover:",
        "  steps:",
        "    - &first { path: read, percent: 100, soak: 5s }",
        "    - { <<: *first, path: write }",
        "soak: &long 2h",
        "contract: { cooling: *long }",
      ].join("\n"),
    );
    const migration = parseMigration(text, "good.yaml");
    expect(migration.cutover.steps[1]).toEqual({ path: "write", percent: 100, soak: 5_000 });
    expect(migration.contract.cooling).toBe(7_200_000);
  });

  it.each(readdirSync("examples/migrations"))("is what examples/migrations/%s holds", (file) => {
    const migration = parseMigration(readFileSync(`examples/migrations/${file}`, "utf8"), file);
    expect(file.startsWith(`${migration.migration}.`)).toBe(true);
  });
});

describe("the hash of a migration", () => {
  const hash = (text: string): string => migrationHash(parseMigration(text, "good.yaml"));

  it("does not change with layout, comments, key order, written-out defaults or the editor's schema", () => {
    const [first = "", ...rest] = VALID.trimEnd().split("\n");
    const text = ["# a comment", "$schema: ../x.json", "soak: 60m", ...rest, first].join("\n");
    expect(hash(text)).toBe(hash(VALID));
    expect(hash(VALID)).toMatch(/^[0-9a-f]{64}$/);
  });

  it("changes with what the migration does", () => {
    expect(hash(withBlock("soak: 61m"))).not.toBe(hash(VALID));
  });
});

describe("the gates of a migration", () => {
  it("are all optional: without any, there is nothing to wait for", () => {
    expect(parseMigration(VALID, "good.yaml").gates).toEqual({ alarms: [], timeout: 1_800_000, poll: 30_000 });
  });

  it("get every default that they do not write, and durations in milliseconds", () => {
    const { gates } = parseMigration(
      withBlock(
        [
          "gates:",
          "  alarms: [crm-errors]",
          "  before_cutover:",
          "    alarms: { names: [crm-latency] }",
          "    metrics:",
          "      - name: p99 of reads",
          "        metrics: { latency: { namespace: CRM, metric: Latency, statistic: p99.9 } }",
          "        at_most: 250",
          "    sql:",
          "      - { name: nothing is queued, holds: NOT EXISTS (SELECT FROM crm.jobs) }",
          "    divergence: { at_most: 0 }",
          "    approval: {}",
          "    hold: 10m",
          "  before_contract: { approval: { within: 1d, self_approval: false }, timeout: 2h, on_fail: pause }",
        ].join("\n"),
      ),
      "good.yaml",
    );
    expect(gates.before_cutover).toEqual({
      alarms: { names: ["crm-latency"], ok_for: 300_000 },
      metrics: [
        {
          name: "p99 of reads",
          metrics: { latency: { namespace: "CRM", metric: "Latency", dimensions: {}, statistic: "p99.9" } },
          period: 60_000,
          over: 300_000,
          at_most: 250,
        },
      ],
      sql: [{ name: "nothing is queued", holds: "NOT EXISTS (SELECT FROM crm.jobs)" }],
      divergence: { at_most: 0 },
      approval: { within: 259_200_000, self_approval: true },
      hold: 600_000,
      on_fail: "rollback",
    });
    expect(gates.before_contract).toEqual({
      approval: { within: 86_400_000, self_approval: false },
      hold: 0,
      timeout: 7_200_000,
      on_fail: "pause",
    });
  });

  it("are named in the order in which a run comes to them", () => {
    expect(GATES).toEqual([
      "before_expand",
      "before_backfill",
      "before_validate",
      "before_cutover",
      "between_steps",
      "before_soak",
      "before_cooling",
      "before_contract",
    ]);
  });

  it("guard a run by every alarm that they name, each once, those of all gates first", () => {
    const text = withBlock(
      [
        "gates:",
        "  before_contract: { alarms: { names: [late, everywhere] } }",
        "  before_cutover: { alarms: { names: [early, late] } }",
        "  alarms: [everywhere, always]",
      ].join("\n"),
    );
    expect(rollbackAlarms(parseMigration(text, "good.yaml"))).toEqual(["everywhere", "always", "early", "late"]);
  });
});

describe("an invalid migration", () => {
  it("is refused with every problem at once, in the order of the file", () => {
    const text = [
      "migration: Lead_Source",
      "descripton: Rename",
      "operations:",
      "  - rename_column:",
      "      table: contacts",
      "      from: lead_source",
      "backfill: { workers: 41, slice: 15m }",
      "cutover:",
      "  steps:",
      "    - { path: read, percent: 101 }",
      "    - { path: wriet, percent: 100 }",
      "    - path: write",
      "      percent: 100",
      "      soak: 5",
    ].join("\n");
    expect(problems(text)).toEqual([
      at(
        1,
        'migration: "Lead_Source" is not allowed; allowed: lower-case letters, digits and hyphens, at most 63, a letter first',
      ),
      at(1, "description: is missing; allowed: a text that is not empty"),
      at(1, "database: is missing; allowed: a text that is not empty"),
      at(2, 'descripton: unknown key; did you mean "description"?'),
      at(
        5,
        'operations[0].rename_column.table: "contacts" is not allowed; allowed: a table as "schema.name", or { schema, name } where a name holds a dot',
      ),
      at(
        5,
        "operations[0].rename_column.to: is missing; allowed: a name exactly as the catalog has it, without quotes",
      ),
      at(7, 'backfill.slice: "15m" is not implemented yet; use at most 10m: a worker goes on with its next slice'),
      at(7, "backfill.workers: 41 is not allowed; allowed: a whole number from 1 to 40"),
      at(10, "cutover.steps[0].percent: 101 is not allowed; allowed: a whole number from 0 to 100"),
      at(11, 'cutover.steps[1].path: "wriet" is not allowed; allowed: "read" or "write"'),
      at(14, 'cutover.steps[2].soak: 5 is not allowed; allowed: a duration such as "250ms", "30s", "5m", "2h" or "7d"'),
    ]);
  });

  it("has a slice in which a worker would do nothing, again and again", () => {
    expect(problems(withBlock("backfill: { slice: 0s }"))).toEqual([
      extra('backfill.slice: "0s" is not allowed; allowed: a duration of at least 1s: a worker of none does nothing'),
    ]);
    expect(problems(withBlock("backfill: { slice: 999ms }"))).toHaveLength(1);
  });

  it("has a message that names the file, the count and where the keys are described", () => {
    expect(() => parseMigration(withBlock("soak: 5"), "shop/bad.yaml")).toThrow(
      'migration file "shop/bad.yaml": 1 problem\n' +
        `  shop/bad.yaml:${String(FIRST)}: soak: 5 is not allowed; allowed: a duration such as "250ms", "30s", "5m", "2h" or "7d". ` +
        "docs/reference/migration.md describes every key",
    );
  });

  const DURATION = 'a duration such as "250ms", "30s", "5m", "2h" or "7d"';
  const TIMEOUT = "a duration from 1ms to 40s (0 would mean no limit to PostgreSQL)";
  it.each([
    ["soak: 1 h", `soak: "1 h" is not allowed; allowed: ${DURATION}`],
    ["soak: .nan", `soak: NaN is not allowed; allowed: ${DURATION}`],
    ["soak:", `soak: is empty; allowed: ${DURATION}`],
    ["contract: { cooling: 366d }", 'contract.cooling: "366d" is not allowed; allowed: a duration of at most 365d'],
    ["locks: { timeout: 0s }", `locks.timeout: "0s" is not allowed; allowed: ${TIMEOUT}`],
    ["locks: { statement_timeout: 45s }", `locks.statement_timeout: "45s" is not allowed; allowed: ${TIMEOUT}`],
    ["mode: fast", 'mode: "fast" is not allowed; allowed: "safe" or "aggressive"'],
    ['backfill: { workers: "2" }', 'backfill.workers: "2" is not allowed; allowed: a whole number from 1 to 40'],
    ["backfill: { workers: 1.5 }", "backfill.workers: 1.5 is not allowed; allowed: a whole number from 1 to 40"],
    ["validate: { max_divergence: 1.5 }", "validate.max_divergence: 1.5 is not allowed; allowed: a number from 0 to 1"],
    ["validate: 5", /^validate: 5 is not allowed; allowed: a mapping with keys of segments, max_divergence, /],
    [
      "validate: { segments: [a, b, c, d, e] }",
      'validate.segments: ["a","b","c","d","e"] is not allowed; allowed: a list of at most 4 items',
    ],
    [
      `validate: { segments: [${"a".repeat(64)}] }`,
      `validate.segments[0]: "${"a".repeat(59)}… is not allowed; allowed: an identifier of at most 63 bytes`,
    ],
    ["gates: { alarms: crm-errors }", 'gates.alarms: "crm-errors" is not allowed; allowed: a list'],
    ["gates: { Alarms: [] }", 'gates.Alarms: unknown key; did you mean "alarms"?'],
    [
      "gates: { xyzzy: [] }",
      /^gates\.xyzzy: unknown key; allowed: alarms, timeout, poll, before_expand, .*, before_contract$/,
    ],
    [gate("alarms: { names: [] }"), `${GATE}.alarms.names: [] is not allowed; allowed: a list that is not empty`],
    [gate("sql: [{ name: a }]"), `${GATE}.sql[0].holds: is missing; allowed: a text that is not empty`],
    [gate("divergence: { at_most: 2 }"), `${GATE}.divergence.at_most: 2 is not allowed; allowed: a number from 0 to 1`],
    [
      gate("approval: { within: 0s }"),
      `${GATE}.approval.within: "0s" is not allowed; allowed: a duration of at least 1s`,
    ],
    [gate("on_fail: hold"), `${GATE}.on_fail: "hold" is not allowed; allowed: "rollback" or "pause"`],
    [gate("holds: 5m"), `${GATE}.holds: unknown key; did you mean "hold"?`],
    [
      metric("at_most: 1, at_least: 0"),
      /^gates\.before_soak\.metrics\[0\]: .* is not allowed; allowed: exactly one of at_most, at_least$/,
    ],
    [metric(""), /: .* is not allowed; allowed: exactly one of at_most, at_least$/],
    [metric("at_most: 1, period: 90s"), `${METRIC}.period: "90s" is not allowed; allowed: whole minutes`],
    [metric("at_most: 1, period: 10m"), /allowed: at least one period$/],
    [
      metric("at_most: 1, over: 16d"),
      /allowed: a duration of at most 15d: CloudWatch has coarser points of what is older$/,
    ],
    [
      gate("metrics: [{ name: a, metrics: {}, at_most: 1, expression: a }]"),
      `${METRIC}.metrics: {} is not allowed; allowed: at least one metric`,
    ],
    [
      gate(`metrics: [{ name: a, metrics: { m: ${STATISTIC}, n: ${STATISTIC} }, at_most: 1 }]`),
      /allowed: an expression over its metrics$/,
    ],
    [
      gate(`metrics: [{ name: a, metrics: { M: ${STATISTIC} }, at_most: 1 }]`),
      `${METRIC}.metrics.M: this key is not allowed; allowed: an id such as errors`,
    ],
    [
      gate(`metrics: [{ name: a, metrics: { m: ${STATISTIC.replace("Sum", "P99")} }, at_most: 1 }]`),
      `${METRIC}.metrics.m.statistic: "P99" is not allowed; allowed: Average, Sum, Minimum, Maximum, SampleCount or a percentile such as p99`,
    ],
    ["cutover: { steps: [] }", "cutover.steps: [] is not allowed; allowed: a list that is not empty"],
    [
      "cutover: { steps: [{ path: read, percent: 100 }] }",
      'cutover.steps: [{"path":"read","percent":100}] is not allowed; allowed: steps that end with path read at percent 100 and path write at percent 100',
    ],
    [
      "cutover: { steps: [{ path: read, percent: 100, tenants: [a] }, { path: write, percent: 100 }] }",
      'cutover.steps[0]: {"path":"read","percent":100,"tenants":["a"]} is not allowed; allowed: exactly one of percent, tenants, regions',
    ],
    [
      "contract: { consumers: [{ name: app, kind: web, owner: us }] }",
      'contract.consumers[0].kind: "web" is not allowed; allowed: "service", "job", "bi", "export", "role" or "view"',
    ],
    ["__proto__: { polluted: true }", /^__proto__: unknown key; allowed: migration, /],
    ["soak: 1h\nsoak: 2h", at(FIRST + 1, "soak: this key is there twice; keep one")],
    ["soak: [1h", /flow sequence .* must .* end with a \]$/],
    ["---\nmigration: other", "a second document begins; write one migration a file"],
    ["? [soak]\n: 1h", "a key must be a text, not a list or a mapping"],
    ["soak: !hours 1", "unresolved tag: !hours"],
    ["soak: *nothing", 'no anchor "nothing" before this alias'],
    [
      "gates: { alarms: &all [*all] }",
      "gates.alarms[0]: a list that holds itself is not allowed; allowed: a text that is not empty",
    ],
  ])("is refused for %j", (block, expected) => {
    const found = problems(withBlock(block));
    expect(found).toHaveLength(1);
    if (expected instanceof RegExp) expect(found[0]?.replace(/^bad\.yaml:\d+: /, "")).toMatch(expected);
    else expect(found).toEqual([expected.startsWith("bad.yaml") ? expected : extra(expected)]);
  });

  it.each([
    ["", "the file is empty"],
    ["# only a comment\n", "the file is empty"],
    [
      "- migration: a",
      /: the file: \[\{"migration":"a"\}\] is not allowed; allowed: a mapping with keys of migration, /,
    ],
  ])("is refused for a file that holds %j", (text, expected) => {
    expect(problems(text)).toEqual([expect.stringMatching(expected)]);
  });

  it("is refused with the first error of syntax alone: what follows one is noise", () => {
    expect(problems(withBlock("soak: [1h\ngates: {\n]"))).toHaveLength(1);
    expect(problems(withBlock("\tsoak: 1h\nsoak: }"))).toEqual([extra("tabs are not allowed as indentation")]);
  });

  it("is refused where the operation does not change the name", () => {
    expect(problems(VALID.replace("to: acquisition_channel", "to: lead_source"))).toEqual([
      at(5, 'operations[0].rename_column.to: "lead_source" is not allowed; allowed: "to" must differ from "from"'),
    ]);
  });

  it("has the key of an earlier version, whose new spelling is shown", () => {
    const found = problems(VALID.replace(/operations:\n {2}- /, "operation:\n    "));
    expect(found.filter((line) => line.includes("operation:"))).toEqual([
      at(4, 'operation: is a list now; write "operations:" with an entry "- rename_column: { table, from, to }"'),
    ]);
  });

  it("is refused with one line for a mistyped operation", () => {
    expect(problems(VALID.replace("rename_column", "rename_colum"))).toEqual([
      at(5, 'operations[0].rename_colum: unknown key; did you mean "rename_column"?'),
    ]);
  });

  it("is refused by the key that is wrong inside a table's mapping", () => {
    expect(problems(VALID.replace("crm.contacts", "{ schema: crm, nme: contacts }"))).toEqual([
      at(
        5,
        "operations[0].rename_column.table.name: is missing; allowed: a name exactly as the catalog has it, without quotes",
      ),
      at(5, 'operations[0].rename_column.table.nme: unknown key; did you mean "name"?'),
    ]);
  });

  it("is refused for aliases that grow without bound", () => {
    const bomb = Array.from(
      { length: 9 },
      (_, i) => `a${String(i + 1)}: &a${String(i + 1)} [${`*a${String(i)},`.repeat(9)}]`,
    );
    expect(problems(`a0: &a0 [x]\n${bomb.join("\n")}`)).toEqual([
      at(1, "excessive alias count indicates a resource exhaustion attack"),
    ]);
  });
});

describe("what is not implemented", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["mode", withBlock("mode: aggressive")],
    ["backfill.slice", withBlock("backfill: { slice: 601s }")],
    ["backfill.max_rows_per_second", withBlock("backfill: { max_rows_per_second: 1000 }")],
    ["backfill.soft_windows", withBlock("backfill: { soft_windows: [] }")],
    ["backfill.pause_on_alarms", withBlock("backfill: { pause_on_alarms: [cpu] }")],
    ["backfill.tenant_column", withBlock("backfill: { tenant_column: tenant_id }")],
    ["validate.top_n", withBlock("validate: { top_n: [{ column: a, n: 5 }] }")],
    ["validate.sample", withBlock("validate: { sample: { rows: 5 } }")],
    ["validate.rules", withBlock("validate: { rules: [{ name: a, holds: b }] }")],
    ["validate.cohorts", withBlock("validate: { cohorts: [{ name: a, where: b }] }")],
    [
      "cutover.shadow_reads",
      withBlock(
        "cutover: { steps: [{ path: read, percent: 100 }, { path: write, percent: 100 }], shadow_reads: { percent: 5 } }",
      ),
    ],
    ["contract.brownout", withBlock("contract: { brownout: 5m }")],
    [
      "contract.consumers[].confirm",
      withBlock("contract: { consumers: [{ name: a, kind: bi, owner: o, confirm: signal }] }"),
    ],
  ];

  it.each(cases)("is refused by name, with what to do instead: %s", (path, text) => {
    const entry = UNIMPLEMENTED.find((candidate) => candidate.path === path);
    const found = problems(text);
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(`: ${path.replace("[]", "[0]")}`);
    expect(found[0]).toContain(` is not implemented yet; ${entry?.instead ?? "?"}`);
  });

  it("has a case for every entry", () => {
    expect(UNIMPLEMENTED.map(({ path }) => path)).toEqual(cases.map(([path]) => path));
  });

  it("lets the values pass that are implemented", () => {
    const text = withBlock(
      "mode: safe\nbackfill: { slice: 10m }\ncontract: { consumers: [{ name: a, kind: bi, owner: o, confirm: declared }] }",
    );
    expect(parseMigration(text, "good.yaml").backfill.slice).toBe(600_000);
  });
});
