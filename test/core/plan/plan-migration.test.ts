import { describe, expect, it } from "vitest";
import type { Catalog } from "../../../core/catalog/catalog.ts";
import { MigrationInvalid, NotFound } from "../../../core/errors.ts";
import { NOBODY } from "../../../core/flag.ts";
import { GATES, type MigrationInput } from "../../../core/migration/schema.ts";
import { planHash, planMigration } from "../../../core/plan/plan-migration.ts";
import type { Plan } from "../../../core/plan/plan.ts";
import { catalogOf, columnOf, migrationOf, tableOf } from "../preflight/contexts.ts";

const plan = (changes: Partial<MigrationInput> = {}, catalog: Catalog = catalogOf()): Plan =>
  planMigration(migrationOf(changes), catalog);

describe("a plan's hash", () => {
  it("is the same for the same migration on the same catalog", () => {
    expect(plan().hash).toMatch(/^[0-9a-f]{64}$/);
    expect(plan().hash).toBe(plan().hash);
  });

  it("is that of its content, so that a stored plan can be verified, and a changed one found out", () => {
    const stored = JSON.parse(JSON.stringify(plan())) as Plan;
    expect(planHash(stored)).toBe(stored.hash);
    const [first, ...rest] = stored.expand;
    if (!first) throw new Error("the plan expands");
    const changed = { ...stored, expand: [{ ...first, statements: [`${first.statements[0] ?? ""} `] }, ...rest] };
    expect(planHash(changed)).not.toBe(stored.hash);
  });

  it.each<[string, Partial<MigrationInput>]>([
    ["column", { operations: [{ rename_column: { table: "crm.contacts", from: "lead_source", to: "channel" } }] }],
    ["lock timeout", { locks: { timeout: "100ms" } }],
    [
      "cutover step",
      {
        cutover: {
          steps: [
            { path: "read", percent: 100 },
            { path: "write", percent: 100 },
          ],
        },
      },
    ],
    ["alarm", { gates: { alarms: ["crm-latency"] } }],
    ["gate", { gates: { alarms: ["crm-errors"], before_contract: { approval: {} } } }],
    ["cooling period", { contract: { cooling: "2d" } }],
  ])("is another for another %s", (_, changes) => {
    expect(plan(changes).hash).not.toBe(plan().hash);
  });

  it("is another where the column has another type in the database", () => {
    const columns = [
      columnOf({ name: "tenant_id" }),
      columnOf({ type: "character varying(80)", baseType: "pg_catalog.varchar" }),
    ];
    const changed = plan({}, catalogOf({ table: tableOf({ columns }) }));
    expect(changed.expand[0]?.statements).toEqual([
      `ALTER TABLE "crm"."contacts" ADD COLUMN "acquisition_channel" character varying(80)`,
    ]);
    expect(changed.hash).not.toBe(plan().hash);
  });
});

describe("a plan", () => {
  it("is frozen to its depths, so that nobody changes what was hashed", () => {
    const frozen = plan();
    const thawed: string[] = [];
    (function visit(value: unknown, path: string): void {
      if (typeof value !== "object" || value === null) return;
      if (!Object.isFrozen(value)) thawed.push(path);
      for (const [key, part] of Object.entries(value)) visit(part, `${path}.${key}`);
    })(frozen, "plan");
    expect(thawed).toEqual([]);
    expect(() => Object.assign(frozen.expand[0] ?? {}, { id: "other" })).toThrow(TypeError);
  });

  it("is plain data: nothing is lost on the way through JSON", () => {
    expect(JSON.parse(JSON.stringify(plan()))).toEqual(plan());
  });

  it("names its steps uniquely, since the ledger knows them by their ids", () => {
    const { expand, indexes, contract, undo } = plan();
    const ids = [...expand, ...indexes, ...contract, ...undo].map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("counts times in whole seconds, never less than the migration asks for", () => {
    const { soakSeconds, coolingSeconds, rollbackAlarms, backfill, cutover } = plan({
      soak: "1500ms",
      contract: { cooling: "2d" },
      gates: { alarms: ["a"], timeout: "90s", poll: "250ms" },
      backfill: { slice: "5s", batch: { target: "100ms" } },
      cutover: {
        steps: [
          { path: "read", percent: 100, soak: "2m" },
          { path: "write", percent: 100, soak: "1ms" },
        ],
      },
    });
    expect([soakSeconds, coolingSeconds, rollbackAlarms.timeoutSeconds, rollbackAlarms.pollSeconds]).toEqual([
      2, 172_800, 90, 1,
    ]);
    expect(cutover.map((step) => step.soakSeconds)).toEqual([120, 1]);
    expect(backfill).toMatchObject({ sliceSeconds: 5, batchTargetMs: 100 });
  });

  it("has every gate in the order of the run, and is guarded by every alarm that one of them names", () => {
    const { gates, rollbackAlarms } = plan({
      gates: { alarms: ["all"], before_cutover: { alarms: { names: ["one"] } } },
    });
    expect(gates.map(({ name }) => name)).toEqual(GATES);
    expect(rollbackAlarms.alarms).toEqual(["all", "one"]);
  });

  it("keeps a lease for longer than the 45 s after which the Data API gives a batch up", () => {
    expect(plan().backfill.leaseSeconds).toBeGreaterThan(45);
    expect(plan().validation.leaseSeconds).toBeGreaterThan(45);
  });

  it("estimates shards from the table's blocks and the migration's shard size", () => {
    const { estimates } = plan({ backfill: { shard_blocks: 512 } });
    expect(estimates.shards).toBe(Math.ceil(10_000 / 512));
    expect(estimates.backfillSeconds).toBeGreaterThan(0);
  });

  it("refuses a table, or a column, that is not in the database", () => {
    expect(() => plan({}, catalogOf({ table: undefined }))).toThrow(NotFound);
    const without = catalogOf({ table: tableOf({ columns: [columnOf({ name: "tenant_id" })] }) });
    expect(() => plan({}, without)).toThrow(/column "crm\.contacts\.lead_source".*not in the database/);
  });

  it("refuses what is not a table", () => {
    expect(() => plan({}, catalogOf({ table: tableOf({ kind: "view" }) }))).toThrow(/is a view, not a table/);
  });

  it("refuses operations on several tables, by their names", () => {
    const rename = { from: "lead_source", to: "acquisition_channel" };
    const operations = ["crm.contacts", "crm.deals"].map((table) => ({ rename_column: { ...rename, table } }));
    expect(() => plan({ operations })).toThrow(MigrationInvalid);
    expect(() => plan({ operations })).toThrow(/"crm\.contacts", "crm\.deals"/);
  });
});

describe("the cutover steps of a plan", () => {
  const steps = (...list: NonNullable<MigrationInput["cutover"]>["steps"]): Plan["cutover"] =>
    plan({ cutover: { steps: list } }).cutover;

  it("widen one path and keep what the steps before them opened on both", () => {
    const flags = steps(
      { path: "read", tenants: ["acme", "globex"] },
      { path: "read", percent: 10 },
      { path: "write", regions: ["eu"] },
      { path: "read", regions: ["eu", "us"] },
      { path: "read", tenants: ["acme", "initech"] },
      { path: "read", percent: 100 },
      { path: "write", percent: 100 },
    ).map(({ flag }) => flag);
    const tenants = ["acme", "globex"];
    const eu = { ...NOBODY, regions: ["eu"] };
    expect(flags).toEqual([
      { read: { percent: 0, tenants, regions: [] }, write: NOBODY },
      { read: { percent: 10, tenants, regions: [] }, write: NOBODY },
      { read: { percent: 10, tenants, regions: [] }, write: eu },
      { read: { percent: 10, tenants, regions: ["eu", "us"] }, write: eu },
      { read: { percent: 10, tenants: [...tenants, "initech"], regions: ["eu", "us"] }, write: eu },
      { read: { percent: 100, tenants: [...tenants, "initech"], regions: ["eu", "us"] }, write: eu },
      {
        read: { percent: 100, tenants: [...tenants, "initech"], regions: ["eu", "us"] },
        write: { ...eu, percent: 100 },
      },
    ]);
  });

  it("say in words who moves", () => {
    const titles = steps(
      { path: "read", tenants: ["acme", "globex"] },
      { path: "write", regions: ["eu"] },
      { path: "read", percent: 100 },
      { path: "write", percent: 100 },
    ).map(({ title }) => title);
    expect(titles).toEqual([
      "Reads of tenants acme, globex on the new path",
      "Writes of regions eu on the new path",
      "Reads of 100 % on the new path",
      "Writes of 100 % on the new path",
    ]);
  });

  it("have ids of their own, in order", () => {
    expect(plan().cutover.map(({ id }) => id)).toEqual(["cutover-1", "cutover-2", "cutover-3", "cutover-4"]);
  });
});

describe("the validation of a plan", () => {
  it("counts by the segments that the migration names, quoted", () => {
    const columns = [columnOf(), columnOf({ name: `Ten"ant` }), columnOf({ name: "region's" })];
    const { validation } = plan(
      { validate: { segments: [`Ten"ant`, "region's"] } },
      catalogOf({ table: tableOf({ columns }) }),
    );
    expect(validation.scan).toContain(
      `CAST(jsonb_build_object('Ten"ant', t."Ten""ant", 'region''s', t."region's") AS text) AS segment`,
    );
    expect(validation.scan).toContain(`GROUP BY t."Ten""ant", t."region's"`);
  });

  it("counts the table as one where no segment is named", () => {
    const { scan } = plan({ validate: { segments: [] } }).validation;
    expect(scan).toContain(`'{}' AS segment`);
    expect(scan).not.toContain("GROUP BY");
  });

  it("refuses a segment that is no column of the table", () => {
    expect(() => plan({ validate: { segments: ["tenant"] } })).toThrow(MigrationInvalid);
    expect(() => plan({ validate: { segments: ["tenant"] } })).toThrow(/"tenant".*is not a column of the table/);
  });

  it("refuses a segment whose type cannot be grouped by", () => {
    const columns = [
      columnOf(),
      columnOf({ name: "payload", type: "json", baseType: "pg_catalog.json", hasEquality: false }),
    ];
    expect(() => plan({ validate: { segments: ["payload"] } }, catalogOf({ table: tableOf({ columns }) }))).toThrow(
      /"payload".*has type json, which cannot be grouped by/,
    );
  });
});
