import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { MigrationInput } from "../../../../core/migration/schema.ts";
import { gate } from "../../../../core/gates/gate.ts";
import type { ConditionReading } from "../../../../core/gates/evaluation.ts";
import { freshDatabase, type FreshDatabase } from "../../../support/postgres.ts";
import { createContacts, MIGRATION, Stage } from "../../run/stage.ts";

const CHANGES: Partial<MigrationInput> = {
  validate: { max_divergence: 0.5 },
  gates: { ...MIGRATION.gates, before_cutover: { divergence: { at_most: 0.1 } } },
};

describe("a gate that asks for the divergence", () => {
  let fresh: FreshDatabase;
  let stage: Stage;

  beforeEach(async () => {
    fresh = await freshDatabase();
  });

  afterEach(() => fresh.close());

  /** A run that has brought all rows over, of which the first `damaged` differ behind the triggers' back. */
  async function backfilled({ rows = 20, damaged = 0 } = {}): Promise<void> {
    await createContacts(fresh, rows);
    stage = await Stage.begin(fresh, CHANGES);
    await stage.flow.expand();
    await stage.reach("backfill");
    await stage.flow.backfill();
    await fresh.client.query(`ALTER TABLE contacts DISABLE TRIGGER USER`);
    await fresh.client.query(`UPDATE contacts SET acquisition_channel = 'other' WHERE id <= $1`, [damaged]);
    await stage.reach("validate");
  }

  async function read(): Promise<ConditionReading | undefined> {
    const result = await gate(stage.ports, stage.run, { gate: "before_cutover" });
    expect(result.status).toBe(result.gate?.status === "pass" ? "done" : "wait");
    return result.gate?.readings.find(({ kind }) => kind === "divergence");
  }

  it("waits while nothing is validated", async () => {
    await backfilled();
    expect(await read()).toEqual({
      kind: "divergence",
      name: "divergence",
      value: "no validation",
      threshold: "at most 10 %",
      status: "wait",
      reason: "this run has no validation result yet",
    });
  });

  it("passes up to the share that may differ", async () => {
    await backfilled({ damaged: 2 });
    await stage.flow.validate();
    expect(await read()).toMatchObject({ value: "10 %", status: "pass", reason: "" });
  });

  it("waits above it, and says of how many rows", async () => {
    await backfilled({ damaged: 3 });
    await stage.flow.validate();
    expect(await read()).toMatchObject({
      value: "15 %",
      status: "wait",
      reason: "3 of 20 rows differ (15 %), must be at most 10 %",
    });
  });

  it("passes for a table without rows, which was validated as well", async () => {
    await backfilled({ rows: 0 });
    await stage.flow.validate();
    expect(await read()).toMatchObject({ value: "0 %", status: "pass" });
  });

  it("goes by the newest validation, though the table was rewritten since", async () => {
    await backfilled({ damaged: 3 });
    await stage.flow.validate();
    await fresh.client.query(`UPDATE contacts SET acquisition_channel = lead_source`);
    await fresh.client.query(`VACUUM FULL contacts`);
    expect(await read()).toMatchObject({ value: "15 %", status: "wait" });
    await stage.flow.validate();
    expect(await read()).toMatchObject({ value: "0 %", status: "pass" });
  });

  it("takes no validation of another run for its own", async () => {
    await backfilled();
    await stage.flow.validate();
    stage = await (await Stage.begin(fresh, CHANGES)).reach("validate");
    expect(await read()).toMatchObject({ value: "no validation" });
  });
});
