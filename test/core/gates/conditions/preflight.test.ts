import { describe, expect, it } from "vitest";
import type { TableCatalog } from "../../../../core/catalog/catalog.ts";
import { GATES, type GateName } from "../../../../core/gates/gate-names.ts";
import type { MigrationInput } from "../../../../core/migration/schema.ts";
import { planGate } from "../../../../core/gates/gate-plan.ts";
import type { MetricOutcome } from "../../../../core/gates/conditions/metrics.ts";
import type { PredicateOutcome } from "../../../../core/gates/conditions/sql.ts";
import type { PreflightContext } from "../../../../core/preflight/check.ts";
import { NOT_ASKED, readAs, type Reading } from "../../../../core/reading.ts";
import {
  alarmsOf,
  catalogOf,
  contextOf,
  gateCheck,
  lines,
  migrationOf,
  STARTER,
  tableOf,
  UNREAD,
  severities,
} from "../../preflight/contexts.ts";

type Gates = MigrationInput["gates"];
const gated = (gates: Gates, changes: Partial<PreflightContext> = {}): PreflightContext =>
  contextOf({ migration: migrationOf({ gates }), ...changes });

describe("alarms-ok", () => {
  it("passes an alarm that is OK, and no other state", () => {
    const alarms = alarmsOf({ a: "OK", b: "ALARM", c: "INSUFFICIENT_DATA", d: "missing" });
    expect(lines(gateCheck("alarms-ok", gated({ alarms: ["a", "b", "c", "d", "e"] }, { alarms })))).toEqual([
      'ok alarm "a" is OK.',
      'refuse alarm "b" is in ALARM now. Find out why, and start the run when it is OK',
      'refuse alarm "c" has no data, which counts as unhealthy. Let its metric arrive, or correct the alarm\'s metric and how it treats missing data',
      'refuse alarm "d" does not exist in CloudWatch. Create it, or correct its name in gates',
      'refuse alarm "e" does not exist in CloudWatch. Create it, or correct its name in gates',
    ]);
  });

  it("asks for the alarms of single gates too, each once", () => {
    const gates: Gates = { alarms: ["a"], before_cutover: { alarms: { names: ["b", "a"] } } };
    const alarms = alarmsOf({ a: "OK", b: "ALARM" });
    expect(severities(gateCheck("alarms-ok", gated(gates, { alarms })))).toEqual(["ok", "refuse"]);
  });

  it("warns where no alarm is named, and refuses that for a table of more than 1 GiB", () => {
    const judge = (table: Partial<TableCatalog> | undefined): readonly string[] =>
      lines(gateCheck("alarms-ok", gated({}, { catalog: catalogOf({ table: table && tableOf(table) }) })));
    expect(judge({ bytes: 2 ** 30 })).toEqual([
      "warn gates.alarms names no alarm, so nothing would stop a run that hurts users. Name the CloudWatch alarms on the application's errors and latency",
    ]);
    expect(judge({ bytes: 2 ** 31 })).toEqual([
      "refuse gates.alarms names no alarm, and the table has 2 GiB: nothing would stop a run that hurts users. Name the CloudWatch alarms on the application's errors and latency",
    ]);
    expect(judge(undefined)[0]).toMatch(/^warn/);
  });

  it("judges a lack of alarms before anybody was asked for their state", () => {
    expect(severities(gateCheck("alarms-ok", gated({}, { alarms: NOT_ASKED })))).toEqual(["warn"]);
    expect(gateCheck("alarms-ok", gated({ alarms: ["a"] }, { alarms: NOT_ASKED }))).toEqual([]);
  });

  it("refuses a start where CloudWatch does not answer", () => {
    expect(severities(gateCheck("alarms-ok", gated({ alarms: ["a"] }, { alarms: UNREAD })))).toEqual(["refuse"]);
  });
});

describe("monitors", () => {
  it("passes five alarms, and warns of those that AppConfig does not watch", () => {
    expect(lines(gateCheck("monitors", gated({ alarms: ["a", "b", "c", "d", "e"] })))).toEqual([
      "ok gates name no more alarms than AppConfig watches while a flag bakes.",
    ]);
    const seven: Gates = { alarms: ["a", "b", "c", "d", "e"], before_soak: { alarms: { names: ["f", "a", "g"] } } };
    expect(lines(gateCheck("monitors", gated(seven)))).toEqual([
      'warn gates name 7 alarms, and AppConfig watches only the first 5 while a flag bakes, not "f", "g"; each of them ends the run all the same, by its own event. Put the alarms on users\' errors and latency first, or join the others in a composite alarm',
    ]);
  });
});

describe("gate-predicates", () => {
  const GATED: Gates = { before_cutover: { sql: [{ name: "quiet", holds: "true" }] } };
  const judge = (
    outcome: Reading<PredicateOutcome>,
    { gate = "before_cutover", ahead = false }: { gate?: GateName; ahead?: boolean } = {},
  ): readonly string[] => {
    const conditions = [{ gate, condition: { kind: "sql", name: "quiet" }, outcome }];
    return lines(gateCheck("gate-predicates", gated(GATED, { conditions, ...(ahead && { runId: undefined }) })));
  };
  const value = (result: boolean | null, seconds = 0): Reading<PredicateOutcome> =>
    readAs({ kind: "value", value: result, seconds });
  const refused = (sqlState: string, problem: string): Reading<PredicateOutcome> =>
    readAs({ kind: "refused", sqlState, problem });

  it("passes one that holds now", () => {
    expect(judge(value(true, 1))).toEqual(['ok gate before_cutover "quiet" holds now.']);
  });

  it("warns of one that does not hold, is null, or is slow", () => {
    expect(judge(value(false))[0]).toMatch(
      /^warn gate before_cutover "quiet" does not hold now\. Make sure that it will/,
    );
    expect(judge(value(null))[0]).toMatch(/^warn .* is null now, which does not hold/);
    expect(judge(value(true, 1.24))).toEqual([
      'warn gate before_cutover "quiet" took 1.2 s, of the 5 s that a gate gives it at each evaluation. Make it cheap: an index, EXISTS in place of count(*)',
    ]);
  });

  it.each([
    ["42601", "syntax error at end of input"],
    ["42P01", 'relation "crm.gone" does not exist'],
    ["42703", 'column "led_source" does not exist'],
    ["42804", "argument of IS TRUE must be type boolean, not type integer"],
    ["42501", "permission denied for table salaries"],
    ["25006", "cannot execute UPDATE in a read-only transaction"],
  ])("refuses what PostgreSQL does not take: %s", (sqlState, problem) => {
    expect(judge(refused(sqlState, problem))).toEqual([
      `refuse gate before_cutover "quiet" cannot be evaluated: ${problem}. Write one boolean expression that reads only, over objects that are there and that the role may read`,
    ]);
  });

  it("refuses one that takes longer than the gate gives it", () => {
    expect(judge(refused("57014", "canceling statement due to statement timeout"))[0]).toMatch(
      /^refuse .* takes longer than the 5 s/,
    );
  });

  it("warns of an error that other rows may not give", () => {
    expect(judge(refused("22012", "SQLSTATE 22012"))[0]).toMatch(
      /^warn .* fails on the rows as they are: SQLSTATE 22012/,
    );
  });

  it.each([
    'column "acquisition_channel" does not exist',
    "column c.acquisition_channel does not exist",
    "column contacts.acquisition_channel does not exist",
    "Spalte »acquisition_channel« existiert nicht",
    "la colonne « c.acquisition_channel » n'existe pas",
  ])("lets a gate after expand read the new column: %s", (problem) => {
    for (const gate of GATES) {
      const [line] = judge(refused("42703", problem), { gate });
      expect(line, gate).toMatch(gate === "before_expand" ? /^refuse/ : /^ok .* can be evaluated after expand only/);
    }
  });

  it.each([
    'column "acquisition_channel_2" does not exist',
    'column "old_acquisition_channel" does not exist',
    'column "old acquisition_channel" does not exist',
  ])("takes no other column for the new one: %s", (problem) => {
    const [line] = judge(refused("42703", problem));
    expect(line).toMatch(/^refuse/);
  });

  it("refuses a start, and warns a look ahead, where the database did not answer", () => {
    expect(judge(UNREAD)[0]).toMatch(/^refuse .* could not be read/);
    expect(judge(UNREAD, { ahead: true })[0]).toMatch(/^warn .* could not be read/);
  });

  it("has nothing to say of a migration without predicates, and passes none that was not asked", () => {
    expect(lines(gateCheck("gate-predicates", gated({})))).toEqual(["ok gates have no predicate."]);
    expect(gateCheck("gate-predicates", gated(GATED))).toEqual([]);
    expect(judge(NOT_ASKED)).toEqual([]);
  });
});

describe("gate-metrics", () => {
  const METRIC = {
    name: "errors",
    metrics: { errors: { namespace: "Crm", metric: "Errors", statistic: "Sum" } },
    at_most: 10,
  };
  const LEAST = { ...METRIC, name: "traffic", at_most: undefined, at_least: 5 };
  const judge = (
    outcome: Reading<MetricOutcome>,
    { gate = "before_cutover", metric = METRIC }: { gate?: GateName; metric?: typeof METRIC | typeof LEAST } = {},
  ): readonly string[] => {
    const migration = migrationOf({ gates: { [gate]: { metrics: [metric] } } });
    const [condition] = planGate(migration, gate).conditions.filter(({ kind }) => kind === "metric");
    return lines(
      gateCheck("gate-metrics", contextOf({ migration, conditions: [{ gate, condition: condition!, outcome }] })),
    );
  };
  const values = (...found: readonly number[]): Reading<MetricOutcome> => readAs({ kind: "values", values: found });

  it("passes values within the bound, the worst of them", () => {
    expect(judge(values(3, 10, 0))).toEqual([
      'ok gate before_cutover "errors" is 10 at worst, and is to be at most 10.',
    ]);
    expect(judge(values(7, 5), { metric: LEAST })).toEqual([
      'ok gate before_cutover "traffic" is 5 at worst, and is to be at least 5.',
    ]);
  });

  it("warns of a value at which the gate would wait now", () => {
    expect(judge(values(3, 11))[0]).toMatch(
      /^warn gate before_cutover "errors" is 11 at worst, and is to be at most 10: /,
    );
    expect(judge(values(9, 4), { metric: LEAST })[0]).toMatch(/^warn .* is 4 at worst, and is to be at least 5: /);
    expect(judge(values(1, NaN))[0]).toMatch(/^warn .* is NaN at worst/);
  });

  it("refuses one without data at the first gate, which is asked at once, and warns of it at a later one", () => {
    expect(judge(values(), { gate: "before_expand" })).toEqual([
      'refuse gate before_expand "errors" has no data in the last 5 min, and no data does not pass a gate. Correct its namespace, name and dimensions, all of which must match, or let it arrive',
    ]);
    for (const gate of GATES.slice(1)) expect(judge(values(), { gate })[0], gate).toMatch(/^warn/);
  });

  it("refuses what CloudWatch refuses", () => {
    expect(judge(readAs({ kind: "refused", problem: "unknown function" }))).toEqual([
      'refuse gate before_cutover "errors" is refused by CloudWatch: unknown function. Correct its expression, or let the functions read metrics (cloudwatch:GetMetricData)',
    ]);
  });

  it("refuses a start where CloudWatch does not answer", () => {
    expect(judge(UNREAD)[0]).toMatch(/^refuse .* could not be read/);
  });

  it("has nothing to say of a migration without metrics, and passes none that was not asked", () => {
    expect(lines(gateCheck("gate-metrics", gated({})))).toEqual(["ok gates have no metric."]);
    expect(gateCheck("gate-metrics", gated({ before_cutover: { metrics: [METRIC] } }))).toEqual([]);
  });
});

describe("gate-divergence", () => {
  it("refuses the condition at every gate before the validation, and passes it after", () => {
    for (const gate of GATES) {
      const [line] = lines(gateCheck("gate-divergence", gated({ [gate]: { divergence: { at_most: 0 } } })));
      const early = ["before_expand", "before_backfill", "before_validate"].includes(gate);
      expect(line, gate).toMatch(
        early ? /^refuse .* it could not pass\. Move the condition to gates.before_cutover/ : /^ok/,
      );
    }
    expect(lines(gateCheck("gate-divergence", gated({ before_expand: {} })))).toEqual([
      "ok gates do not ask for the divergence.",
    ]);
  });
});

describe("gate-times", () => {
  const judge = (gates: Gates): readonly string[] => lines(gateCheck("gate-times", gated(gates)));

  it("refuses a timeout that is over before an alarm has been OK for long enough", () => {
    const alarms = { names: ["crm-errors"], ok_for: "10m" };
    expect(judge({ before_soak: { alarms, timeout: "10m" } })[0]).toMatch(/^ok/);
    expect(judge({ before_soak: { alarms, timeout: "599s" } })).toEqual([
      'refuse gate before_soak wants its alarms OK for 600 s, but waits for 599 s only: once an alarm has come and gone, the gate could not pass. Set its timeout to "600s" or more, or alarms.ok_for to less',
    ]);
  });

  it("takes the timeout of all gates where a gate has none of its own", () => {
    const alarms = { names: ["crm-errors"], ok_for: "10m" };
    expect(judge({ timeout: "5m", before_soak: { alarms } })[0]).toMatch(/^refuse/);
    expect(judge({ before_soak: { alarms } })[0]).toMatch(/^ok/);
  });

  it("lets a gate be stable for longer than its timeout, since that is no time in which it waits", () => {
    expect(judge({ timeout: "1m", before_contract: { stable_for: "2d" } })[0]).toMatch(/^ok/);
    expect(
      judge({ timeout: "1s", alarms: ["crm-errors"], before_contract: { alarms: { names: ["a"], ok_for: "0s" } } })[0],
    ).toMatch(/^ok/);
  });
});

describe("gate-approval", () => {
  const OTHER: Gates = { before_cutover: { approval: { self_approval: false, within: "4h" } } };

  it("passes one that anybody may give, whoever started the run", () => {
    expect(
      lines(gateCheck("gate-approval", gated({ before_cutover: { approval: {} } }, { startedBy: readAs(undefined) }))),
    ).toEqual(["ok gate before_cutover asks for an approval within 3 days."]);
    expect(lines(gateCheck("gate-approval", gated({})))).toEqual(["ok gates ask for no approval."]);
  });

  it("passes one of another person where it is known who started the run", () => {
    expect(lines(gateCheck("gate-approval", gated(OTHER)))).toEqual([
      `ok gate before_cutover asks for an approval within 4 h, by another person than ${STARTER}.`,
    ]);
  });

  it("refuses one of another person where nobody knows who started the run", () => {
    expect(lines(gateCheck("gate-approval", gated(OTHER, { startedBy: readAs(undefined) })))).toEqual([
      "refuse gate before_cutover takes no approval of the person who started the run, and it is not known who that is. Start it with sluice start, which says who you are",
    ]);
    expect(severities(gateCheck("gate-approval", gated(OTHER, { startedBy: UNREAD })))).toEqual(["refuse"]);
    const session = "arn:aws:sts::1:assumed-role/Ops/aws-sdk-js-1767600000000";
    expect(severities(gateCheck("gate-approval", gated(OTHER, { startedBy: readAs(session) })))).toEqual(["refuse"]);
  });

  it("asks nobody before there is a run", () => {
    expect(lines(gateCheck("gate-approval", gated(OTHER, { startedBy: NOT_ASKED, runId: undefined })))).toEqual([
      "ok gate before_cutover asks for an approval within 4 h, by another person than the one who runs sluice start.",
    ]);
  });
});
