import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { DivergenceFound } from "../../../../core/errors.ts";
import { judgeValidation } from "../../../../core/run/shards/validation-result.ts";
import { SYNC_TRIGGERS } from "../../../../core/operations/toolkit/sync-names.ts";
import { freshDatabase, type FreshDatabase } from "../../../support/postgres.ts";
import { createContacts, Stage } from "../stage.ts";

describe("the verdict on a proof", () => {
  let fresh: FreshDatabase;
  let stage: Stage;

  beforeEach(async () => {
    fresh = await freshDatabase();
    await createContacts(fresh, 100);
    stage = await Stage.begin(fresh, { validate: { max_divergence: 0.05 } });
    await stage.flow.expand();
    await stage.flow.backfill();
    await stage.reach("validate");
  });

  afterEach(() => fresh.close());

  /** As somebody would who writes past the sync triggers. */
  async function setApart(rows: number): Promise<void> {
    await fresh.client.query(`ALTER TABLE contacts DISABLE TRIGGER ALL`);
    await fresh.client.query(`UPDATE contacts SET acquisition_channel = 'other' WHERE id <= $1`, [rows]);
    for (const name of Object.values(SYNC_TRIGGERS)) {
      await fresh.client.query(`ALTER TABLE contacts ENABLE ALWAYS TRIGGER "${name}"`);
    }
  }

  it("before cutover allows what the migration allows, and no more", async () => {
    await setApart(5);
    expect(await stage.flow.validate()).toMatchObject({ rows: 100, mismatches: 5 });
    const other = await Stage.begin(fresh, { validate: { max_divergence: 0.04 } });
    await other.reach("validate");
    await expect(other.flow.validate()).rejects.toThrow(/5 of 100 rows differ \(5 %, allowed 4 %\)/);
  });

  it("before contract allows none, whatever the migration allows: the drop would lose them", async () => {
    await setApart(1);
    await stage.flow.validate();
    await stage.reach("cooling");
    await expect(stage.flow.validate("validate-before-contract")).rejects.toThrow(DivergenceFound);
    await expect(judgeValidation(stage.ports, stage.run, "validate-before-contract")).rejects.toThrow(
      "proof validate-before-contract: 1 of 100 rows differ (1 %, allowed 0 %; validate.max_divergence (5 %) is for " +
        "the cutover alone, since the drop would lose what the old side holds of these rows), 1 segment; worst: {}: 1 of 100",
    );
  });

  it("before contract passes where none differs", async () => {
    await stage.reach("cooling");
    expect(await stage.flow.validate("validate-before-contract")).toMatchObject({ mismatches: 0 });
  });

  it("before contract allows what the migration allows where its loss has been acknowledged", async () => {
    await setApart(5);
    await stage.reach("cooling");
    await expect(stage.flow.validate("validate-before-contract")).rejects.toThrow(DivergenceFound);
    const lossy = { ...stage.run, plan: { ...stage.run.plan, reversible: false } };
    expect(await judgeValidation(stage.ports, lossy, "validate-before-contract")).toMatchObject({ status: "done" });
  });
});
