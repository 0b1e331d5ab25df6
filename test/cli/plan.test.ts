import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Services } from "../../cli/services/services.ts";
import { NotFound } from "../../core/errors.ts";
import type { Plan } from "../../core/plan/plan.ts";
import type { CheckResult } from "../../core/preflight/check.ts";
import { FakeAlarms, FakeFlags } from "../support/fakes.ts";
import { type FreshDatabase, freshDatabase } from "../support/postgres.ts";
import { testCli } from "./test-cli.ts";

const MIGRATION = `
migration: lead-source
description: Rename crm.contacts.lead_source to acquisition_channel
database: crm
operations:
  - rename_column: { table: crm.contacts, from: lead_source, to: acquisition_channel }
gates: { alarms: [crm-errors] }
contract: { consumers: [{ name: crm-app, kind: service, owner: crm-team }] }
`;

let fresh: FreshDatabase;
let folder: string;
let file: string;

beforeAll(async () => {
  fresh = await freshDatabase();
  await fresh.client.query(`
    CREATE SCHEMA crm;
    CREATE TABLE crm.contacts (id bigint PRIMARY KEY, lead_source text);
    CREATE INDEX contacts_lead_source ON crm.contacts (lead_source);
    INSERT INTO crm.contacts SELECT i, 'web' FROM generate_series(1, 1000) AS i;
    ANALYZE crm.contacts;`);
  folder = await mkdtemp(join(tmpdir(), "sluice-plan-"));
  file = join(folder, "lead-source.yaml");
  await writeFile(file, MIGRATION);
});

afterAll(async () => {
  await fresh.close();
  await rm(folder, { recursive: true });
});

const onDatabase = (): Partial<Services> => ({
  database: () => Promise.resolve(fresh.database),
  flags: () => Promise.resolve(new FakeFlags({ migrations: ["lead-source"] })),
  alarms: () => new FakeAlarms({ "crm-errors": "OK" }),
});

interface PlanJson {
  readonly plan: Plan;
  readonly checks: readonly CheckResult[];
}

describe("sluice plan", () => {
  it("shows every statement of every phase, in the order of the phases, and the hash", async () => {
    const sluice = testCli({ services: onDatabase() });
    const { plan } = JSON.parse((await sluice("plan", file, "--json")).out) as PlanJson;
    const { code, out, err } = await sluice("plan", file);
    expect(code).toBe(0);
    expect(err).toBe("");
    const statements = [
      ...plan.expand.flatMap((step) => step.statements),
      plan.backfill.update,
      ...plan.indexes.flatMap((step) => step.statements),
      plan.validation.scan,
      ...plan.contract.flatMap((step) => step.statements),
      ...plan.undo.flatMap((step) => step.statements),
    ];
    expect(plan.indexes).toHaveLength(1);
    let from = 0;
    for (const line of [...statements.flatMap((statement) => statement.split("\n")), plan.hash]) {
      const at = out.indexOf(line.trimEnd(), from);
      expect(at, line).toBeGreaterThanOrEqual(from);
      from = at;
    }
    expect(out).toMatch(/0 Pre-flight {2}no check refuses; 1 warning\n\n {2}✓ \d+ checks passed/);
  });

  it("makes the same plan from a saved catalog, without any service", async () => {
    const saved = join(folder, "catalog.json");
    const live = await testCli({ services: onDatabase() })("plan", file, "--save-catalog", saved, "--json");
    const offline = await testCli()("plan", file, "--catalog", saved, "--json");
    expect(offline).toMatchObject({ code: 0, err: "" });
    const [a, b] = [JSON.parse(live.out) as PlanJson, JSON.parse(offline.out) as PlanJson];
    expect(b.plan).toEqual(a.plan);
    const names = (checks: readonly CheckResult[]): Set<string> => new Set(checks.map(({ check }) => check));
    expect(names(a.checks)).toContain("alarms-ok");
    expect(names(b.checks)).not.toContain("alarms-ok");
    expect(names(b.checks)).not.toContain("flag-exists");
  });

  it("ends with 3 where a start would be refused, and still shows the plan with every reason", async () => {
    const sluice = testCli({
      services: {
        ...onDatabase(),
        flags: () => Promise.resolve(new FakeFlags({ migrations: [] })),
        alarms: () => new FakeAlarms({ "crm-errors": "ALARM" }),
      },
    });
    const { code, out, err } = await sluice("plan", file);
    expect(code).toBe(3);
    expect(out).toContain("refused for 2 reasons");
    expect(out).toContain('✗ flag "lead-source" has no environment and profile in AppConfig');
    expect(out).toContain('✗ alarm "crm-errors" is in ALARM now');
    expect(err).toContain("would be refused for 2 reasons");
  });

  it("says what it could not ask where the stack is not deployed, and passes nothing for it", async () => {
    const notDeployed = new NotFound({ object: 'stack "Sluice"', problem: "is not deployed", remedy: "Deploy it" });
    const sluice = testCli({ services: { ...onDatabase(), flags: () => Promise.reject(notDeployed) } });
    const { code, out } = await sluice("plan", file, "--json");
    expect(code).toBe(0);
    const { checks } = JSON.parse(out) as PlanJson;
    expect(checks.filter(({ check }) => check === "flag-exists" || check === "alarms-ok")).toEqual([]);
    expect(checks.find(({ check }) => check === "stack")).toMatchObject({
      verdict: "warn",
      message: expect.stringContaining("is not deployed") as string,
    });
  });

  it("ends with 2 for an invalid migration and names every problem", async () => {
    const bad = join(folder, "bad.yaml");
    await writeFile(bad, MIGRATION.replace("database: crm", "databse: crm\nmode: aggressive"));
    const { code, err } = await testCli()("plan", bad);
    expect(code).toBe(2);
    expect(err).toContain('databse: unknown key; did you mean "database"?');
    expect(err).toContain('mode: "aggressive" is not implemented yet');
  });

  it("ends with 2 for a catalog file that is none", async () => {
    const { code, err } = await testCli()("plan", file, "--catalog", file);
    expect(code).toBe(2);
    expect(err).toContain("is not a catalog snapshot");
  });

  it("ends with 4 where the database has no such column", async () => {
    const missing = join(folder, "missing.yaml");
    await writeFile(missing, MIGRATION.replace("from: lead_source", "from: led_source"));
    const { code, err } = await testCli({ services: onDatabase() })("plan", missing);
    expect(code).toBe(4);
    expect(err).toContain('✗ column "crm.contacts.led_source"\n  is not in the database');
  });

  it("changes nothing in the database", async () => {
    const before = await fresh.client.query("SELECT count(*) FROM pg_class");
    await testCli({ services: onDatabase() })("plan", file);
    expect((await fresh.client.query("SELECT count(*) FROM pg_class")).rows).toEqual(before.rows);
    expect(await readFile(file, "utf8")).toBe(MIGRATION);
  });
});

describe("sluice plan of a migration that a run has begun", () => {
  it("says which plan a start would resume", async () => {
    await fresh.client.query(`
      CREATE SCHEMA sluice;
      CREATE TABLE sluice.run (run_id text, migration text, migration_hash text, plan_hash text, outcome text,
        started_at timestamptz DEFAULT now());
      CREATE TABLE sluice.step (plan_hash text);
      CREATE TABLE sluice.phase (run_id text, phase text);
      INSERT INTO sluice.run VALUES ('friday', 'lead-source', 'x', 'the-plan');
      INSERT INTO sluice.step VALUES ('the-plan');`);
    const { out } = await testCli({ services: onDatabase() })("plan", file);
    expect(out.replaceAll(/\s+/g, " ")).toContain('was begun by run "friday"; a start resumes its plan the-plan');
  });
});
