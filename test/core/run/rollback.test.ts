import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { DatabaseUnavailable, NotFound, RollbackTooLate } from "../../../core/errors.ts";
import { OLD_PATH, type FlagState } from "../../../core/flag.ts";
import { REVERSIBLE } from "../../../core/plan/phases.ts";
import type { Database } from "../../../core/ports.ts";
import {
  claimRollback,
  recordRollback,
  returnTraffic,
  rollbackRequestSchema,
  stopRun,
  type RollbackClaim,
} from "../../../core/run/rollback.ts";
import { FakeExecutions } from "../../support/fakes.ts";
import { freshDatabase, type FreshDatabase } from "../../support/postgres.ts";
import { createContacts, MIGRATION, Stage } from "./stage.ts";

const HALF: FlagState = { ...OLD_PATH, read: { percent: 50, tenants: [], regions: [] } };
const ALL: FlagState = { ...OLD_PATH, read: { percent: 100, tenants: [], regions: [] } };

describe("rollback", () => {
  let fresh: FreshDatabase;
  let stage: Stage;
  let claim: RollbackClaim;

  beforeAll(async () => {
    fresh = await freshDatabase();
    await createContacts(fresh);
  });

  afterAll(() => fresh.close());

  beforeEach(async () => {
    stage = await (await Stage.begin(fresh)).reach("cutover");
    const { ref, plan } = stage.run;
    const arn = (await stage.control.run(ref.id))?.executionArn ?? "";
    claim = { runId: ref.id, migration: plan.migration, executionArn: arn, planHash: plan.hash, reason: "GateFailed" };
  });

  describe("claims a run", () => {
    it("by hand, and says so", async () => {
      const reason = "asked for by an operator";
      expect(await claimRollback(stage.ports, { run: stage.run.ref.id })).toEqual({ ...claim, reason });
      expect(await stage.control.run(stage.run.ref.id)).toMatchObject({ phase: "rolled-back", reason });
    });

    it("for the error that a state failed with, cut to what the control table keeps", async () => {
      const cause = "alarm crm-errors is ALARM ".repeat(200);
      const { reason } = await claimRollback(stage.ports, {
        run: stage.run.ref.id,
        error: { Error: "GateFailed", Cause: cause },
      });
      expect(reason).toBe(`GateFailed: ${cause}`.slice(0, 2_000));
    });

    it("for a time-out, which Step Functions gives no cause", async () => {
      const request = rollbackRequestSchema.parse({ run: stage.run.ref.id, error: { Error: "States.Timeout" } });
      expect((await claimRollback(stage.ports, request)).reason).toBe("States.Timeout");
    });

    it("twice with the same answer, so that one which died can be started again", async () => {
      const first = await claimRollback(stage.ports, { run: stage.run.ref.id, reason: "GateFailed" });
      expect(await claimRollback(stage.ports, { run: stage.run.ref.id, reason: "somebody else" })).toEqual(first);
    });

    it("no more once its rollback is over: a later run may have dropped the old shape", async () => {
      await recordRollback(stage.ports, await claimRollback(stage.ports, { run: stage.run.ref.id }));
      await expect(claimRollback(stage.ports, { run: stage.run.ref.id })).rejects.toThrow(RollbackTooLate);
    });

    it("no more once another run has its table, and says which to roll back instead", async () => {
      const { runId } = await claimRollback(stage.ports, { run: stage.run.ref.id });
      const dead = await stage.control.run(runId);
      if (!dead) throw new Error("the run is registered");
      await stage.control.takeOver({ ...dead, runId: "second", phase: "contract" }, runId);
      await expect(claimRollback(stage.ports, { run: runId })).rejects.toThrow(/Roll run "second" back instead/);
    });

    it("in every phase before contract", async () => {
      for (const phase of REVERSIBLE) {
        const other = await (await Stage.begin(fresh)).reach(phase);
        expect(await other.phase()).toBe(phase);
        await claimRollback(other.ports, { run: other.run.ref.id });
        expect(await other.phase()).toBe("rolled-back");
      }
    });

    it.each(["contract", "done"] as const)("too late in phase %s, and changes nothing", async (phase) => {
      await stage.flow.enter("soak", "cooling", "contract", ...(phase === "done" ? ([phase] as const) : []));
      await expect(claimRollback(stage.ports, { run: stage.run.ref.id })).rejects.toThrow(RollbackTooLate);
      expect(await stage.phase()).toBe(phase);
    });

    it("only where there is one", async () => {
      await expect(claimRollback(stage.ports, { run: "no-such-run" })).rejects.toThrow(NotFound);
    });
  });

  it("stops the execution, once, and does not mind one that has ended", async () => {
    const executions = new FakeExecutions();
    executions.set(claim.executionArn, "RUNNING");
    await stopRun({ executions }, claim);
    expect(await stopRun({ executions }, claim)).toMatchObject({ status: "done" });
    expect(executions.stopped).toEqual([
      { executionArn: claim.executionArn, error: "RolledBack", cause: "GateFailed" },
    ]);
  });

  describe("returns traffic", () => {
    const call = (): ReturnType<typeof returnTraffic> => returnTraffic(stage.ports, claim);
    const current = (): Promise<FlagState | undefined> => stage.flags.current(MIGRATION.migration);

    it("by deploying nothing where no flag was ever deployed", async () => {
      expect(await call()).toMatchObject({ status: "done", message: /no flag was deployed/ });
      expect(await stage.flags.deployed(MIGRATION.migration)).toBe(false);
    });

    it("at once, where a step is in effect", async () => {
      await stage.flags.deploy(MIGRATION.migration, HALF, "immediate");
      expect(await call()).toEqual({ status: "done", message: "all traffic is on the old path" });
      expect(await current()).toEqual(OLD_PATH);
    });

    it("by stopping a deployment in flight", async () => {
      await stage.flags.deploy(MIGRATION.migration, HALF, "immediate");
      const widening = await stage.flags.deploy(MIGRATION.migration, ALL, "stepwise");
      expect((await call()).status).toBe("done");
      expect(await stage.flags.deployment(MIGRATION.migration, widening)).toBe("reverted");
      expect(await current()).toEqual(OLD_PATH);
    });

    it("and is not done before the old path is in effect", async () => {
      await stage.flags.deploy(MIGRATION.migration, HALF, "immediate");
      await stage.flags.deploy(MIGRATION.migration, OLD_PATH, "stepwise");
      expect(await call()).toMatchObject({ status: "wait", waitSeconds: 1, message: /deployment 2 is deploying/ });
      stage.flags.finish(MIGRATION.migration);
      expect((await call()).status).toBe("done");
    });

    it("once more where another deployment came in between", async () => {
      await stage.flags.deploy(MIGRATION.migration, HALF, "immediate");
      const { flags } = stage;
      const overtaken = {
        deployment: async (migration: string, deployment: number) => {
          await flags.deploy(migration, ALL, "immediate");
          return flags.deployment(migration, deployment);
        },
      };
      const racing = {
        exists: (migration: string) => flags.exists(migration),
        current: (migration: string) => flags.current(migration),
        inFlight: (migration: string) => flags.inFlight(migration),
        deployed: (migration: string) => flags.deployed(migration),
        deploy: (...call: Parameters<typeof flags.deploy>) => flags.deploy(...call),
        ...overtaken,
      };
      expect(await returnTraffic({ flags: racing }, claim)).toMatchObject({
        status: "wait",
        message: /came in between/,
      });
      expect((await call()).status).toBe("done");
      expect(await current()).toEqual(OLD_PATH);
    });
  });

  describe("is recorded", () => {
    it("in the ledger, gives the table free and tells people, and keeps the expanded schema", async () => {
      await stage.flow.apply(stage.run.plan.expand);
      expect(await recordRollback(stage.ports, claim)).toEqual({ ...claim, ledgerWritten: true });
      const { rows } = await fresh.client.query(
        `SELECT outcome, ended_at IS NOT NULL AS ended FROM sluice.run WHERE run_id = $1`,
        [claim.runId],
      );
      expect(rows).toEqual([{ outcome: "rolled-back", ended: true }]);
      const { rows: events } = await fresh.client.query(
        `SELECT kind, subject, detail FROM sluice.event WHERE run_id = $1 AND kind = 'rollback'`,
        [claim.runId],
      );
      expect(events).toEqual([{ kind: "rollback", subject: MIGRATION.migration, detail: { reason: "GateFailed" } }]);
      expect(stage.notifier.messages).toEqual([
        {
          subject: `Sluice: ${MIGRATION.migration} was rolled back`,
          body: expect.stringContaining("GateFailed") as string,
        },
      ]);
      await fresh.client.query(`INSERT INTO contacts (id, lead_source) VALUES (1, 'web')`);
      expect((await fresh.client.query(`SELECT acquisition_channel FROM contacts`)).rows).toEqual([
        { acquisition_channel: "web" },
      ]);
      expect(await tableIsFree()).toBe(true);
    });

    it("without the ledger where the database does not answer", async () => {
      const database = refusing(new DatabaseUnavailable({ object: "database", problem: "is away", remedy: "Wait" }));
      expect(await recordRollback({ ...stage.ports, database }, claim)).toEqual({ ...claim, ledgerWritten: false });
      expect(stage.notifier.messages).toHaveLength(1);
      expect(await tableIsFree()).toBe(true);
    });

    it("without the ledger where the run failed before there was one", async () => {
      const empty = await freshDatabase();
      try {
        const report = await recordRollback({ ...stage.ports, database: empty.database }, claim);
        expect(report.ledgerWritten).toBe(false);
        expect(await tableIsFree()).toBe(true);
      } finally {
        await empty.close();
      }
    });

    async function tableIsFree(): Promise<boolean> {
      const run = await stage.control.run(claim.runId);
      if (!run) throw new Error("the run is registered");
      return (await stage.control.register({ ...run, runId: "next" })) === undefined;
    }
  });
});

function refusing(error: Error): Database {
  const refuse = (): Promise<never> => Promise.reject(error);
  return { execute: refuse, executeLong: refuse, transaction: refuse };
}
