import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Services } from "../../cli/services/services.ts";
import { NotFound, ServiceUnavailable } from "../../core/errors.ts";
import type { CheckResult } from "../../core/preflight/check.ts";
import { FakeAlarms, FakeRunRegistry, FakeFlags } from "../support/fakes.ts";
import { type FreshDatabase, freshDatabase } from "../support/postgres.ts";
import { OperatedStack, runRecord } from "./operated-stack.ts";
import { testCli } from "./test-cli.ts";

const MIGRATION = `
migration: lead-source
description: Rename crm.contacts.lead_source to acquisition_channel
database: crm
operations:
  - rename_column: { table: crm.contacts, from: lead_source, to: acquisition_channel }
gates:
  alarms: [crm-errors]
  before_backfill: { sql: [{ name: nobody imports, holds: "NOT EXISTS (SELECT FROM crm.contacts WHERE id < 0)" }] }
contract: { consumers: [{ name: crm-app, kind: service, owner: crm-team }] }
`;

let fresh: FreshDatabase;
let folder: string;

beforeAll(async () => {
  fresh = await freshDatabase();
  await fresh.client.query(`
    CREATE SCHEMA crm;
    CREATE TABLE crm.contacts (id bigint PRIMARY KEY, lead_source text);
    ANALYZE crm.contacts;`);
  folder = await mkdtemp(join(tmpdir(), "sluice-preflight-"));
});

afterAll(async () => {
  await fresh.close();
  await rm(folder, { recursive: true });
});

const services = (more: Partial<Services> = {}): Partial<Services> => ({
  stack: () => Promise.resolve(new OperatedStack().outputs),
  database: () => Promise.resolve(fresh.database),
  registry: () => Promise.resolve(new FakeRunRegistry()),
  flags: () => Promise.resolve(new FakeFlags({ migrations: ["lead-source"] })),
  alarms: () => new FakeAlarms({ "crm-errors": "OK" }),
  ...more,
});

async function file(text = MIGRATION): Promise<string> {
  const path = join(folder, "migration.yaml");
  await writeFile(path, text);
  return path;
}

const checksOf = (out: string): readonly CheckResult[] =>
  (JSON.parse(out) as { readonly checks: readonly CheckResult[] }).checks;

describe("sluice preflight", () => {
  it("lists every check of a start, one that has nothing to say on one line", async () => {
    const sluice = testCli({ services: services() });
    const { code, out, err } = await sluice("preflight", await file());
    expect({ code, err }).toEqual({ code: 0, err: "" });
    const checks = checksOf((await sluice("preflight", await file(), "--json")).out);
    const passed = checks.filter(({ severity }) => severity === "ok");
    expect(passed.length).toBeGreaterThan(10);
    expect(out.match(/^ {2}✓ /gm)).toHaveLength(passed.length);
    expect(out.match(/^ {2}! /gm) ?? []).toHaveLength(checks.length - passed.length);
    for (const line of out.split("\n")) expect(line.length, line).toBeLessThanOrEqual(100);
    expect(out).toMatch(/^lead-source\n\n/);
    expect(out).toMatch(/\n✓ (all checks passed|no check refuses; \d+ warnings?)\n$/);
  });

  it("asks the database for the gates' predicates, and the stack for the alarms", async () => {
    const { out } = await testCli({ services: services() })("preflight", await file(), "--json");
    const names = new Set(checksOf(out).map(({ check }) => check));
    for (const name of ["server-version", "flag-exists", "alarms-ok", "table-free", "gate-predicates"]) {
      expect(names, name).toContain(name);
    }
  });

  it("ends with 3 where a start would be refused, with what to do about each reason", async () => {
    const broken = services({
      flags: () => Promise.resolve(new FakeFlags({ migrations: [] })),
      alarms: () => new FakeAlarms({ "crm-errors": "ALARM" }),
    });
    const { code, out } = await testCli({ services: broken })("preflight", await file());
    expect(code).toBe(3);
    expect(out).toMatch(/ {2}✗ flag "lead-source" has no environment and profile in AppConfig\n {4}→ /);
    expect(out).toContain('  ✗ alarm "crm-errors" is in ALARM');
    expect(out).toMatch(/\n✗ a start would be refused for 2 reasons(; \d+ warnings?)?\n$/);
    const json = await testCli({ services: broken })("preflight", await file(), "--json");
    expect(json.code).toBe(3);
    expect(checksOf(json.out).filter(({ severity }) => severity === "refuse")).toHaveLength(2);
  });

  it("refuses a predicate that PostgreSQL does not take, in its words", async () => {
    const text = MIGRATION.replace("FROM crm.contacts WHERE", "FROM crm.imports WHERE");
    const { code, out } = await testCli({ services: services() })("preflight", await file(text));
    expect(code).toBe(3);
    expect(out.replaceAll(/\s+/g, " ")).toContain('relation "crm.imports" does not exist');
  });

  it("tells which run holds the table", async () => {
    const registry = new FakeRunRegistry();
    await registry.acquireTableLocks(runRecord("friday", { tables: ["crm/crm.contacts"], phase: "backfill" }));
    const held = services({ registry: () => Promise.resolve(registry) });
    const { out } = await testCli({ services: held })("preflight", await file(), "--json");
    const result = checksOf(out).find(({ check }) => check === "table-free");
    expect(result?.severity).not.toBe("ok");
    expect(result?.message).toContain("friday");
  });

  it("ends with 5 where the stack could not be asked: what was not checked has not passed", async () => {
    const busy = new ServiceUnavailable({ object: "AppConfig", problem: "did not answer", remedy: "Retry" });
    const silent = services({ flags: () => Promise.reject(busy) });
    const { code, out } = await testCli({ services: silent })("preflight", await file());
    expect(code).toBe(5);
    expect(out.replaceAll(/\s+/g, " ")).toContain("! the stack could not be asked for the flag");
    expect(out).toContain("AppConfig: did not answer");
  });

  it("ends with 4 where there is no stack that could start it", async () => {
    const notDeployed = new NotFound({ object: 'stack "Sluice"', problem: "is not deployed", remedy: "Deploy it" });
    const nowhere = services({ stack: () => Promise.reject(notDeployed) });
    const { code, err } = await testCli({ services: nowhere })("preflight", await file());
    expect(code).toBe(4);
    expect(err).toBe('✗ stack "Sluice"\n  is not deployed\n  → Deploy it\n');
  });

  it("ends with 2 for an invalid migration", async () => {
    const { code } = await testCli()("preflight", await file(MIGRATION.replace("database: crm", "databse: crm")));
    expect(code).toBe(2);
  });

  it("changes nothing in the database", async () => {
    const before = await fresh.client.query("SELECT count(*) FROM pg_class");
    await testCli({ services: services() })("preflight", await file());
    expect((await fresh.client.query("SELECT count(*) FROM pg_class")).rows).toEqual(before.rows);
  });
});
