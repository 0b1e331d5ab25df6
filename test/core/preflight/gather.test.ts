import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { PredicateOutcome } from "../../../core/gates/conditions/sql.ts";
import { DatabaseUnavailable, ServiceRefused, ServiceUnavailable } from "../../../core/errors.ts";
import type { GateName } from "../../../core/gates/gate-names.ts";
import type { MigrationInput } from "../../../core/migration/schema.ts";
import type { Database } from "../../../core/ports.ts";
import type { PreflightContext } from "../../../core/preflight/check.ts";
import { gatherPreflight, gatherStack, type PreflightPorts } from "../../../core/preflight/gather.ts";
import { NOT_ASKED, readAs } from "../../../core/reading.ts";
import { SystemClock } from "../../../adapters/clock.ts";
import { FakeAlarms, FakeClock, FakeRunRegistry, FakeFlags, FakeMetrics } from "../../support/fakes.ts";
import { freshDatabase, type FreshDatabase } from "../../support/postgres.ts";
import { crmSchema, readCrm } from "../catalog/table-reader.ts";
import { catalogOf, gateCheck, lines, migrationOf, STARTER } from "./contexts.ts";

const NAME = "contact-acquisition-channel";
const UNAVAILABLE = { object: "the world", problem: "nobody answered", remedy: "Retry" };

let db: FreshDatabase;
beforeAll(async () => {
  db = await freshDatabase();
  await crmSchema(
    db,
    `CREATE TABLE contacts (id int, lead_source text); INSERT INTO contacts VALUES (1, 'web');
     CREATE FUNCTION writes() RETURNS boolean LANGUAGE sql AS 'UPDATE crm.contacts SET id = id RETURNING true'`,
  );
});
afterAll(async () => db.close());

const portsOf = (changes: Partial<PreflightPorts> = {}): PreflightPorts => ({
  database: db.database,
  flags: new FakeFlags({ migrations: [NAME] }),
  alarms: new FakeAlarms({ "crm-errors": "OK", "crm-latency": "ALARM" }),
  metrics: new FakeMetrics(),
  registry: new FakeRunRegistry(),
  clock: new FakeClock(),
  ...changes,
});

const gather = (
  gates: MigrationInput["gates"],
  changes: Partial<PreflightPorts> = {},
  runId: string | undefined = "run-1",
): Promise<PreflightContext> =>
  gatherPreflight(portsOf(changes), {
    migration: migrationOf({ gates }),
    catalog: catalogOf(),
    runId,
    resuming: false,
  });

describe("what a start asks of the stack", () => {
  it("is the flag, and every alarm of every gate", async () => {
    const context = await gather({
      alarms: ["crm-errors"],
      before_cutover: { alarms: { names: ["crm-latency", "gone"] } },
    });
    expect(context.flagExists).toEqual(readAs(true));
    expect(context.alarms.kind).toBe("read");
    const states = context.alarms.kind === "read" ? [...context.alarms.value] : [];
    expect(states.map(([name, { state }]) => [name, state])).toEqual([
      ["crm-errors", "OK"],
      ["crm-latency", "ALARM"],
      ["gone", "missing"],
    ]);
  });

  it("is the initiator of the run, and not the holder of the table, which a start decides by compare-and-set", async () => {
    const registry = new FakeRunRegistry();
    await registry.recordInitiator("run-1", STARTER);
    const { startedBy, holder } = await gather({}, { registry });
    expect([startedBy, holder]).toEqual([readAs(STARTER), NOT_ASKED]);
    expect((await gather({}, { registry }, "run-2")).startedBy).toEqual(readAs(undefined));
  });

  it("is the holder of the table in a look ahead, which has no initiator", async () => {
    const registry = new FakeRunRegistry();
    const record = {
      runId: "run-0",
      migration: "other",
      planHash: "h",
      executionArn: "arn",
      tables: ["crm/crm.contacts"],
      phase: "backfill",
      startedAt: "2026-01-01T00:00:00Z",
      updatedAt: "2026-01-01T00:00:00Z",
      alarms: [],
    } as const;
    const migration = migrationOf();
    const ask = () => gatherStack(portsOf({ registry }), { migration, runId: undefined });
    expect((await ask()).holder).toEqual(readAs(undefined));
    await registry.acquireTableLocks(record);
    const { holder, startedBy } = await ask();
    expect(holder).toEqual(
      readAs({ table: "crm/crm.contacts", runId: "run-0", migration: "other", phase: "backfill" }),
    );
    expect(startedBy).toEqual(NOT_ASKED);
    const { holder: unasked } = await gatherStack(
      { ...portsOf(), registry: undefined },
      { migration, runId: undefined },
    );
    expect(unasked).toEqual(NOT_ASKED);
  });

  it("is each metric of each gate, over its time up to now", async () => {
    const metrics = new FakeMetrics();
    const clock = new FakeClock("2026-01-05T09:00:00.000Z");
    const series = { namespace: "Crm", metric: "Errors", dimensions: {} };
    const errors = { errors: { namespace: "Crm", metric: "Errors", statistic: "Sum" } };
    metrics.put(series, 7, new Date("2026-01-05T08:58:30Z"));
    metrics.put(series, 99, new Date("2026-01-05T08:40:00Z"));
    metrics.answer("nonsense(errors)", new ServiceRefused({ ...UNAVAILABLE, problem: "no such function" }));
    metrics.answer("errors / 0", new ServiceUnavailable(UNAVAILABLE));
    const asked = await gather(
      {
        before_expand: { metrics: [{ name: "errors", metrics: errors, at_most: 10 }] },
        before_soak: {
          metrics: [
            { name: "typo", metrics: errors, expression: "nonsense(errors)", at_most: 1 },
            { name: "down", metrics: errors, expression: "errors / 0", at_most: 1 },
          ],
        },
      },
      { metrics, clock },
    );
    expect(asked.conditions.map(({ gate, condition, outcome }) => [gate, condition.name, outcome])).toEqual([
      ["before_expand", "errors", readAs({ kind: "values", values: [7] })],
      ["before_soak", "typo", readAs({ kind: "refused", problem: "the world: no such function" })],
      ["before_soak", "down", { kind: "unread", problem: "the world: nobody answered" }],
    ]);
  });

  it("survives every service that does not answer, and says of each what it said", async () => {
    const fail = (): Promise<never> => Promise.reject(new ServiceUnavailable(UNAVAILABLE));
    const dead = (): Promise<never> => Promise.reject(new DatabaseUnavailable(UNAVAILABLE));
    const database: Database = { execute: dead, executeLong: dead, transaction: dead };
    const context = await gather(
      {
        alarms: ["crm-errors"],
        before_soak: { sql: [{ name: "quiet", holds: "true" }] },
      },
      { database, flags: { exists: fail }, alarms: { states: fail }, registry: { initiator: fail, lockHolders: fail } },
    );
    const unread = { kind: "unread", problem: "the world: nobody answered" };
    const { flagExists, alarms, startedBy, transactions, slots, conditions } = context;
    expect({ flagExists, alarms, startedBy, transactions, slots }).toEqual({
      flagExists: unread,
      alarms: unread,
      startedBy: unread,
      transactions: unread,
      slots: unread,
    });
    expect(conditions.map(({ outcome }) => outcome)).toEqual([unread]);
  });

  it("asks CloudWatch for no alarm where none is named", async () => {
    const fail = (): Promise<never> => Promise.reject(new ServiceUnavailable(UNAVAILABLE));
    expect((await gather({}, { alarms: { states: fail } })).alarms).toEqual(readAs(new Map()));
  });
});

describe("what a start asks of the database", () => {
  const judge = async (
    holds: string,
    gate: GateName = "before_cutover",
    clock = new SystemClock(),
  ): Promise<string> => {
    const gates = { [gate]: { sql: [{ name: "p", holds }] } };
    const context = await gather(gates, { clock });
    return lines(gateCheck("gate-predicates", context))[0] ?? "";
  };

  it.each([
    ["true", /^ok .* holds now/],
    ["true -- always", /^ok/],
    ["(SELECT count(*) = 1 FROM crm.contacts)", /^ok/],
    ["'a:b' = 'a:b' AND CAST('1' AS int) = 1", /^ok/],
    ["NOT EXISTS (SELECT FROM crm.contacts)", /^warn .* does not hold now/],
    ["NULL", /^warn .* is null now/],
    ["1 / (SELECT id - 1 FROM crm.contacts) > 0", /^warn .* fails on the rows as they are: .*22012/],
    ["count(*) FROM", /^refuse .* cannot be evaluated: .*42601/],
    ["true) OR (true", /^refuse .* cannot be evaluated: .*42601/],
    ["EXISTS (SELECT FROM crm.gone)", /^refuse .* cannot be evaluated: .*42P01/],
    ["EXISTS (SELECT led_source FROM crm.contacts)", /^refuse .* cannot be evaluated: .*42703/],
    ["1", /^refuse .* cannot be evaluated: its value is a number and no boolean/],
    ["'yes'", /^refuse .* cannot be evaluated: its value is a string and no boolean/],
    ["crm.writes()", /^refuse .* cannot be evaluated: .*25006/],
  ])("is each predicate, as the gate will ask it: %s", async (holds, expected) => {
    expect(await judge(holds)).toMatch(expected);
  });

  it("may read the new column at a gate after expand, by its name or a qualified one", async () => {
    const plain = "NOT EXISTS (SELECT FROM crm.contacts WHERE acquisition_channel IS NULL)";
    const qualified = "NOT EXISTS (SELECT FROM crm.contacts c WHERE c.acquisition_channel IS NULL)";
    for (const holds of [plain, qualified]) {
      expect(await judge(holds, "before_backfill")).toMatch(/^ok .* can be evaluated after expand only/);
      expect(await judge(holds, "before_expand")).toMatch(/^refuse/);
    }
  });

  it("warns of a slow one, and refuses one that outlasts the gate's patience", async () => {
    expect(await judge("(SELECT true FROM pg_sleep(1.1))")).toMatch(/^warn .* took [1-4]\.\d s, of the 5 s/);
    expect(await judge("(SELECT true FROM pg_sleep(6))")).toMatch(/^refuse .* takes longer than the 5 s/);
  });

  it("asks a predicate of two gates once, and keeps an error from the next", async () => {
    let transactions = 0;
    const counted: Database = {
      execute: (statement) => db.database.execute(statement),
      executeLong: (statement) => db.database.executeLong(statement),
      transaction: (work) => {
        transactions += 1;
        return db.database.transaction(work);
      },
    };
    const both = [
      { name: "broken", holds: "gone()" },
      { name: "fine", holds: "true" },
    ];
    const { conditions } = await gather(
      { before_cutover: { sql: both }, before_soak: { sql: both } },
      { database: counted },
    );
    expect(transactions).toBe(2);
    expect(
      conditions.map(({ gate, condition, outcome }) => [
        gate,
        condition.name,
        outcome.kind === "read" && (outcome.value as PredicateOutcome).kind,
      ]),
    ).toEqual([
      ["before_cutover", "broken", "refused"],
      ["before_cutover", "fine", "value"],
      ["before_soak", "broken", "refused"],
      ["before_soak", "fine", "value"],
    ]);
  });

  it("changes nothing", async () => {
    await judge("crm.writes()");
    const { rows } = await db.client.query<{ xmax: string }>("SELECT CAST(xmax AS text) AS xmax FROM crm.contacts");
    expect(rows).toEqual([{ xmax: "0" }]);
    expect((await readCrm(db)).table?.columns.map(({ name }) => name)).toEqual(["id", "lead_source"]);
  });
});
