import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FlagDeploymentFailed, GateFailed, RunSuperseded, StatementFailed } from "../../../../core/errors.ts";
import { OLD_PATH, type FlagState } from "../../../../core/flag.ts";
import { claimRollback } from "../../../../core/run/rollback/rollback.ts";
import { claimAndContract } from "../../../support/flow.ts";
import { freshDatabase, type FreshDatabase } from "../../../support/postgres.ts";
import { createContacts, MIGRATION, Stage } from "../stage.ts";

describe("contract", () => {
  let fresh: FreshDatabase;
  let stage: Stage;

  beforeEach(async () => {
    fresh = await freshDatabase();
    await createContacts(fresh, 20);
    stage = await Stage.begin(fresh, {
      cutover: {
        steps: [
          { path: "read", tenants: ["acme", "globex"] },
          { path: "read", percent: 100 },
          { path: "write", percent: 100 },
        ],
      },
    });
    await stage.flow.expand();
    await stage.flow.backfill();
    await stage.reach("cooling");
    await deploy(final());
  });

  afterEach(() => fresh.close());

  const call = (): ReturnType<typeof claimAndContract> => claimAndContract(stage.ports, stage.run);
  const deploy = (state: FlagState): Promise<number> => stage.flags.deployNow(MIGRATION.migration, state);

  function final(): FlagState {
    const flag = stage.run.plan.cutover.at(-1)?.flag;
    if (!flag) throw new Error("the plan cuts over");
    return flag;
  }

  async function columns(): Promise<string[]> {
    const { rows } = await fresh.client.query<{ name: string }>(
      `SELECT attname AS name FROM pg_attribute WHERE attrelid = 'contacts'::regclass AND attnum > 0 AND NOT attisdropped`,
    );
    return rows.map(({ name }) => name);
  }

  it("claims the run, then drops the mirror, the triggers and functions, and renames the column, together", async () => {
    expect(await call()).toMatchObject({ status: "more" });
    expect(await stage.phase()).toBe("contract");
    expect(await columns()).toEqual(["id", "acquisition_channel", "note"]);
    expect(await call()).toMatchObject({ status: "done" });
    const { rows } = await fresh.client.query(
      `SELECT (SELECT count(*)::int FROM pg_trigger WHERE tgrelid = 'contacts'::regclass) AS triggers,
              (SELECT count(*)::int FROM pg_proc WHERE pronamespace = 'sluice'::regnamespace) AS functions`,
    );
    expect(rows).toEqual([{ triggers: 0, functions: 0 }]);
  });

  it.each<[string, () => FlagState]>([
    ["on the old path", () => OLD_PATH],
    ["short of the last step", () => ({ ...final(), write: { percent: 99, tenants: [], regions: [] } })],
  ])("drops nothing, and leaves the run reversible, while the flag is %s", async (_, state) => {
    await deploy(state());
    await expect(call()).rejects.toThrow(GateFailed);
    expect(await columns()).toContain("lead_source");
    expect(await stage.phase()).toBe("cooling");
  });

  it.each([
    ["an index", `CREATE INDEX late ON contacts (acquisition_channel)`, "index public.late"],
    ["an index over an expression", `CREATE INDEX late ON contacts (lower(acquisition_channel))`, "index public.late"],
    [
      "a constraint",
      `ALTER TABLE contacts ADD CONSTRAINT late CHECK (acquisition_channel <> 'x')`,
      "table constraint late",
    ],
    ["a view", `CREATE VIEW late AS SELECT acquisition_channel FROM contacts`, "rule"],
    [
      "a trigger",
      `CREATE TRIGGER late AFTER UPDATE OF acquisition_channel ON contacts FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()`,
      "trigger late",
    ],
    ["a default", `ALTER TABLE contacts ALTER acquisition_channel SET DEFAULT 'web'`, "default"],
  ])("drops nothing, and leaves the run reversible, where %s came to the mirror", async (_, make, named) => {
    await fresh.client.query(make);
    await expect(call()).rejects.toThrow(GateFailed);
    await expect(call()).rejects.toThrow(named);
    expect(await columns()).toContain("lead_source");
    expect(await stage.phase()).toBe("cooling");
  });

  it("drops nothing, and leaves the run reversible, where a trigger function came that names the old column", async () => {
    await fresh.client.query(`CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS
      'BEGIN NEW.note = NEW . lead_source; RETURN NEW; END'`);
    await fresh.client.query(`CREATE TRIGGER late BEFORE UPDATE ON contacts FOR EACH ROW EXECUTE FUNCTION late()`);
    await expect(call()).rejects.toThrow(GateFailed);
    await expect(call()).rejects.toThrow("trigger late runs function public.late, which names the column in its text");
    expect(await columns()).toContain("lead_source");
    await fresh.client.query(`CREATE OR REPLACE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS
      'BEGIN NEW.note = NEW.lead_source_kind; RETURN NEW; END'`);
    expect(await call()).toMatchObject({ status: "more" });
  });

  it("keeps what came to the old column meanwhile, under its new name", async () => {
    await fresh.client.query(`CREATE INDEX late ON contacts (lead_source);
      CREATE VIEW late_view AS SELECT lead_source FROM contacts;
      ALTER TABLE contacts ADD CONSTRAINT late CHECK (lead_source <> 'x')`);
    expect(await call()).toMatchObject({ status: "more" });
    const { rows } = await fresh.client.query(
      `SELECT pg_get_indexdef('late'::regclass) AS index, pg_get_viewdef('late_view') AS view`,
    );
    expect(rows[0]).toMatchObject({
      index: expect.stringContaining("(acquisition_channel)") as string,
      view: expect.stringContaining("acquisition_channel AS lead_source") as string,
    });
  });

  it("keeps a default and an index of the old column, and drops the mirror's", async () => {
    await fresh.client.query(`CREATE TABLE deals (id int PRIMARY KEY, lead_source text DEFAULT 'web')`);
    await fresh.client.query(`CREATE INDEX deals_lead_source_idx ON deals (lead_source)`);
    const deals = await Stage.begin(fresh, {
      operations: [{ rename_column: { table: "public.deals", from: "lead_source", to: "acquisition_channel" } }],
    });
    await deals.flow.expand();
    await deals.reach("cooling");
    const flag = deals.run.plan.cutover.at(-1)?.flag ?? OLD_PATH;
    await deals.flags.deployNow(MIGRATION.migration, flag);
    expect(await claimAndContract(deals.ports, deals.run)).toMatchObject({ status: "more" });
  });

  it("drops nothing while the old path is being deployed, though it is not complete yet", async () => {
    await stage.flags.deploy(MIGRATION.migration, OLD_PATH, []);
    await expect(call()).rejects.toThrow(/is being deployed anew/);
    expect(await columns()).toContain("lead_source");
    expect(await stage.phase()).toBe("cooling");
  });

  it("drops nothing where no flag was ever deployed", async () => {
    const other = await (await Stage.begin(fresh, { migration: MIGRATION.migration })).reach("cooling");
    await expect(claimAndContract(other.ports, other.run)).rejects.toThrow(GateFailed);
  });

  it("takes the same traffic for the same, whatever the order of its tenants", async () => {
    const { read, write } = final();
    await deploy(OLD_PATH);
    await deploy({ read: { ...read, tenants: [...read.tenants].reverse() }, write });
    expect(await call()).toMatchObject({ status: "more" });
  });

  it("loses to a rollback that claimed the run before it", async () => {
    await claimRollback(stage.ports, { run: stage.run.ref.id });
    await expect(call()).rejects.toThrow(RunSuperseded);
    expect(await columns()).toContain("lead_source");
  });

  it("wins against a rollback that comes later", async () => {
    await call();
    await expect(claimRollback(stage.ports, { run: stage.run.ref.id })).rejects.toMatchObject({
      name: "RollbackTooLate",
      message: /is in phase contract/,
    });
    expect(await call()).toMatchObject({ status: "done" });
  });

  it("lets one of the two win when both come at the same moment", async () => {
    const [contracted, rolledBack] = await Promise.allSettled([
      call(),
      claimRollback(stage.ports, { run: stage.run.ref.id }),
    ]);
    expect([contracted.status, rolledBack.status].sort()).toEqual(["fulfilled", "rejected"]);
    expect((await columns()).includes("lead_source")).toBe(rolledBack.status === "fulfilled");
  });

  it("waits for its lock as every step does, and gives the table back meanwhile", async () => {
    const reader = await fresh.connect();
    await reader.query("BEGIN; SELECT count(*) FROM contacts");
    expect(await call()).toMatchObject({ status: "wait", message: /lock not free \(try 1\), held by pid \d+/ });
    await fresh.client.query("INSERT INTO contacts (id, lead_source) VALUES (100, 'web')");
    await reader.query("COMMIT");
    expect(await call()).toMatchObject({ status: "more" });
    expect(await columns()).not.toContain("lead_source");
  });

  it("is not entered before cooling", async () => {
    const early = await (await Stage.begin(fresh)).reach("soak");
    await early.flags.deployNow(MIGRATION.migration, early.run.plan.cutover.at(-1)?.flag ?? OLD_PATH);
    await expect(claimAndContract(early.ports, early.run)).rejects.toThrow(RunSuperseded);
  });

  describe("of a run that is paused", () => {
    const by = "arn:aws:iam::1:user/ann";
    const at = "2026-01-05T09:00:00.000Z";

    it("claims and drops nothing until the pause ends, and then goes on", async () => {
      await stage.registry.pause(stage.run.ref.id, { by, at, reason: "month's end" }, ["cooling"]);
      expect(await call()).toEqual({
        status: "callback",
        waitSeconds: 86_400,
        message: `paused by ${by} since ${at}: month's end`,
      });
      expect(await stage.phase()).toBe("cooling");
      expect(await columns()).toContain("lead_source");
      await stage.registry.resume(stage.run.ref.id, { resumedBy: by, resumedAt: at });
      expect(await call()).toMatchObject({ status: "more" });
    });

    it("lets one of the two win where a pause comes at the moment of the claim, and be told so", async () => {
      const [contracted, paused] = await Promise.all([
        call(),
        stage.registry.pause(stage.run.ref.id, { by, at, reason: "wait" }, ["cooling"]),
      ]);
      expect(contracted.status).toBe(paused.paused ? "callback" : "more");
      expect((await columns()).includes("lead_source")).toBe(paused.paused !== undefined);
    });
  });

  describe("where a sync trigger is not as the plan made it", () => {
    const forward = `"~sluice_update"`;
    const disable = `ALTER TABLE contacts DISABLE TRIGGER ${forward}`;

    it("drops nothing, and leaves the run reversible, if it is so before the claim", async () => {
      await fresh.client.query(disable);
      await expect(call()).rejects.toThrow(GateFailed);
      await expect(call()).rejects.toThrow(`trigger ${forward} on public.contacts is disabled`);
      expect(await columns()).toContain("lead_source");
      expect(await stage.phase()).toBe("cooling");
    });

    it("drops nothing if it is so since the claim, and goes on once that is mended", async () => {
      await stage.reach("contract");
      await fresh.client.query(disable);
      await expect(call()).rejects.toThrow(StatementFailed);
      await expect(call()).rejects.toThrow(
        /step "contract": was not begun, and left nothing behind: trigger .* is disabled\. Mend that/,
      );
      expect(await columns()).toContain("lead_source");
      await fresh.client.query(`ALTER TABLE contacts ENABLE ALWAYS TRIGGER ${forward}`);
      expect(await call()).toMatchObject({ status: "more" });
      expect(await columns()).not.toContain("lead_source");
    });

    it("sees it under the lock of the drop: a change that waits for the same lock comes before it or too late", async () => {
      await stage.reach("contract");
      const other = await fresh.connect();
      await other.query("BEGIN");
      await other.query(disable);
      expect(await call()).toMatchObject({ status: "wait", message: /lock not free/ });
      await other.query("COMMIT");
      await expect(call()).rejects.toThrow(/is disabled/);
    });
  });

  it("drops nothing under the traffic that somebody has sent to the old path since the claim", async () => {
    await stage.reach("contract");
    await deploy(OLD_PATH);
    await expect(call()).rejects.toThrow(FlagDeploymentFailed);
    expect(await columns()).toContain("lead_source");
    await deploy(final());
    expect(await call()).toMatchObject({ status: "more" });
    await deploy(OLD_PATH);
    expect(await call()).toMatchObject({ status: "done" });
  });

  it("is past every gate once it has claimed the run, since there is no way back to fail to", async () => {
    await stage.reach("contract");
    await fresh.client.query(`CREATE INDEX late ON contacts (acquisition_channel)`);
    expect(await call()).toMatchObject({ status: "more" });
    expect(await columns()).not.toContain("lead_source");
  });

  it("looks whether the proof stands before it claims the run", async () => {
    const names = ["!sluice_insert", "!sluice_update", "~sluice_insert", "~sluice_update"].map((name) => `"${name}"`);
    await fresh.client.query(`ALTER TABLE contacts DISABLE TRIGGER ALL;
      UPDATE contacts SET acquisition_channel = 'unseen' WHERE id = 7;
      ${names.map((trigger) => `ALTER TABLE contacts ENABLE ALWAYS TRIGGER ${trigger}`).join(";")}`);
    await expect(call()).rejects.toThrow(/came after the proof, and has rows that differ/);
    expect(await stage.phase()).toBe("cooling");
  });
});
