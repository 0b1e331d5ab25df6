import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import {
  DatabaseUnavailable,
  GateFailed,
  NotFound,
  RollbackTooLate,
  ServiceRefused,
  ServiceUnavailable,
} from "../../../../core/errors.ts";
import { OLD_PATH, type FlagState } from "../../../../core/flag.ts";
import { REVERSIBLE } from "../../../../core/plan/phases.ts";
import type { Database, Flags } from "../../../../core/ports.ts";
import {
  claimRollback,
  recordRollback,
  returnTraffic,
  rollBackAgain,
  rollbackRequestSchema,
  stopRun,
  type RollbackClaim,
} from "../../../../core/run/rollback/rollback.ts";
import { FakeExecutions } from "../../../support/fakes.ts";
import { freshDatabase, type FreshDatabase } from "../../../support/postgres.ts";
import { createContacts, MIGRATION, Stage } from "../stage.ts";

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
    const arn = (await stage.registry.run(ref.id))?.executionArn ?? "";
    claim = {
      runId: ref.id,
      migration: plan.migration,
      database: plan.database,
      executionArn: arn,
      planHash: plan.hash,
      reason: "GateFailed",
    };
  });

  describe("claims a run", () => {
    it("by hand, and says so", async () => {
      const reason = "asked for by an operator";
      expect(await claimRollback(stage.ports, { run: stage.run.ref.id })).toEqual({ ...claim, reason });
      expect(await stage.registry.run(stage.run.ref.id)).toMatchObject({ phase: "rolled-back", reason });
    });

    it("for the error that a state failed with, cut to what the run registry keeps", async () => {
      const cause = "alarm crm-errors is ALARM ".repeat(200);
      const { reason } = await claimRollback(stage.ports, {
        run: stage.run.ref.id,
        error: { Error: "GateFailed", Cause: cause },
      });
      expect(reason).toBe(`GateFailed: ${cause}`.slice(0, 2_000));
    });

    it("for what a function said, and for nothing else of its answer", async () => {
      const error = new GateFailed({ object: "soak", problem: 'alarm "crm-errors" is ALARM', remedy: "Start again" });
      const { name: errorType, message: errorMessage } = error;
      const Cause = JSON.stringify({ errorType, errorMessage, trace: ["at gate (/var/task/gate.js:1)"] });
      const { reason } = await claimRollback(stage.ports, {
        run: stage.run.ref.id,
        error: { Error: "GateFailed", Cause },
      });
      expect(reason).toBe('GateFailed: soak: alarm "crm-errors" is ALARM. Start again');
    });

    it("for a time-out, which Step Functions gives no cause", async () => {
      const request = rollbackRequestSchema.parse({ run: stage.run.ref.id, error: { Error: "States.Timeout" } });
      expect((await claimRollback(stage.ports, request)).reason).toBe("States.Timeout");
    });

    it("for whoever asked, by name, and without one: nobody is refused", async () => {
      const by = "arn:aws:sts::111122223333:assumed-role/operator/ada";
      const claimed = await claimRollback(stage.ports, { run: stage.run.ref.id, reason: "users see errors", by });
      expect(claimed.reason).toBe(`users see errors (asked for by ${by})`);
      const other = await (await Stage.begin(fresh)).reach("soak");
      expect((await claimRollback(other.ports, { run: other.run.ref.id, by })).reason).toBe(`asked for by ${by}`);
      const long = await (await Stage.begin(fresh)).reach("soak");
      const { reason } = await claimRollback(long.ports, { run: long.run.ref.id, reason: "r".repeat(3_000), by });
      expect(reason).toHaveLength(2_000);
      expect(reason).toMatch(/ada\)$/);
    });

    it("that is paused, whoever paused it", async () => {
      await stage.registry.pause(
        stage.run.ref.id,
        { by: "gate before_cutover", at: new Date().toISOString(), reason: "timed out" },
        REVERSIBLE,
      );
      await claimRollback(stage.ports, { run: stage.run.ref.id, reason: "alarm" });
      expect(await stage.registry.run(stage.run.ref.id)).toMatchObject({ phase: "rolled-back", reason: "alarm" });
    });

    it("once, where an alarm and a person ask at the same time", async () => {
      const asked = Array.from({ length: 10 }, (_, n) =>
        claimRollback(stage.ports, { run: stage.run.ref.id, reason: `asker ${String(n)}` }),
      );
      const claims = await Promise.all(asked);
      expect(new Set(claims.map(({ reason }) => reason)).size).toBe(1);
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
      const dead = await stage.registry.run(runId);
      if (!dead) throw new Error("the run is registered");
      await stage.registry.acquireTableLocks({ ...dead, runId: "second", phase: "contract" }, [runId]);
      await expect(claimRollback(stage.ports, { run: runId })).rejects.toThrow(
        /run "second" has locked table "test\/public\.contacts" now\. Roll back run "second" instead/,
      );
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

    it("too late once it was undone, and says that traffic is on the only path there is", async () => {
      const { runId } = await claimRollback(stage.ports, { run: stage.run.ref.id });
      await stage.registry.transition({ runId, from: ["rolled-back"], to: "undone", at: "now" });
      await expect(claimRollback(stage.ports, { run: runId })).rejects.toThrow(
        /undone: all traffic is on the old path/,
      );
    });

    it("only where there is one", async () => {
      await expect(claimRollback(stage.ports, { run: "no-such-run" })).rejects.toThrow(NotFound);
    });
  });

  it.each([
    ["FAILED", "again2-"],
    ["ABORTED", "again2-"],
    ["RUNNING", "rollback-"],
    ["SUCCEEDED", "rollback-"],
  ] as const)(
    "is started again by a state that failed, where the one of its name is %s: %srun",
    async (status, name) => {
      const executions = new FakeExecutions();
      const first = await executions.startRollback({
        run: claim.runId,
        reason: "asked for before the run registry knew the run",
      });
      executions.set(first, status);
      const request = { run: claim.runId, error: { Error: "GateFailed", Cause: "alarm crm-errors is ALARM" } };
      const { executionArn } = await rollBackAgain({ executions }, request);
      expect(executionArn).toMatch(new RegExp(`:${name}${claim.runId}$`));
      const again = { run: claim.runId, reason: "GateFailed: alarm crm-errors is ALARM" };
      expect(executions.rollbacks.slice(1).map(({ input }) => input)).toEqual(name === "again2-" ? [again] : []);
    },
  );

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
      await stage.flags.deployNow(MIGRATION.migration, HALF);
      expect(await call()).toEqual({ status: "done", message: "all traffic is on the old path" });
      expect(await current()).toEqual(OLD_PATH);
    });

    it("by stopping a deployment in flight", async () => {
      await stage.flags.deployNow(MIGRATION.migration, HALF);
      const widening = await stage.flags.deploy(MIGRATION.migration, ALL, ["crm-errors"]);
      expect((await call()).status).toBe("done");
      expect(await stage.flags.deployment(MIGRATION.migration, widening)).toBe("reverted");
      expect(await current()).toEqual(OLD_PATH);
    });

    it("and is not done before the old path is in effect", async () => {
      await stage.flags.deployNow(MIGRATION.migration, HALF);
      await stage.flags.deploy(MIGRATION.migration, OLD_PATH, []);
      expect(await call()).toMatchObject({ status: "wait", waitSeconds: 1, message: /deployment 2 is deploying/ });
      stage.flags.finish(MIGRATION.migration);
      expect((await call()).status).toBe("done");
    });

    it("once more where another deployment came in between", async () => {
      await stage.flags.deployNow(MIGRATION.migration, HALF);
      const racing = withFlags({
        deployment: async (migration, deployment) => {
          await stage.flags.deployNow(migration, ALL);
          return stage.flags.deployment(migration, deployment);
        },
      });
      expect(await returnTraffic({ flags: racing }, claim)).toMatchObject({
        status: "wait",
        message: /came in between/,
      });
      expect((await call()).status).toBe("done");
      expect(await current()).toEqual(OLD_PATH);
    });

    it("with no alarm left that would take it back", async () => {
      await stage.flags.deploy(MIGRATION.migration, ALL, ["crm-errors"]);
      await call();
      expect(stage.flags.guards(MIGRATION.migration)).toEqual([]);
    });

    it("once more where AppConfig took the old path back for the alarm", async () => {
      await stage.flags.deployNow(MIGRATION.migration, HALF);
      const taken = withFlags({ deployment: () => Promise.resolve("reverted") });
      expect(await returnTraffic({ flags: taken }, claim)).toMatchObject({ status: "wait", message: /is reverted/ });
      expect((await call()).status).toBe("done");
    });

    it("for as long as AppConfig is busy, and does not fail for that", async () => {
      await stage.flags.deployNow(MIGRATION.migration, HALF);
      const busy = new ServiceUnavailable({ object: "flag", problem: "is being rolled back", remedy: "Retry" });
      const rollingBack = withFlags({ deployNow: () => Promise.reject(busy) });
      expect(await returnTraffic({ flags: rollingBack }, claim)).toEqual({
        status: "wait",
        waitSeconds: 2,
        message: busy.message,
      });
      const refused = new ServiceRefused({ object: "flag", problem: "two of a name", remedy: "Delete one" });
      const hopeless = withFlags({ deployNow: () => Promise.reject(refused) });
      await expect(returnTraffic({ flags: hopeless }, claim)).rejects.toThrow(ServiceRefused);
    });

    /** The stage's flags, with some of what they do done otherwise. */
    function withFlags(changed: Partial<Flags>): Flags {
      const { flags } = stage;
      return {
        exists: (...args) => flags.exists(...args),
        current: (...args) => flags.current(...args),
        inFlight: (...args) => flags.inFlight(...args),
        deployed: (...args) => flags.deployed(...args),
        deploy: (...args) => flags.deploy(...args),
        deployNow: (...args) => flags.deployNow(...args),
        deployment: (...args) => flags.deployment(...args),
        ...changed,
      };
    }
  });

  describe("is recorded", () => {
    it("in the ledger, releases the table lock and notifies operators, and keeps the expanded schema", async () => {
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
          body: expect.stringMatching(/GateFailed[^]*sluice undo/) as string,
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

    it("at once, while the database takes its time to not answer", async () => {
      let answer = (_error: Error): void => undefined;
      const silence = new Promise<never>((_, reject) => (answer = reject));
      const silent = { execute: () => silence, executeLong: () => silence, transaction: () => silence };
      const recorded = recordRollback({ ...stage.ports, database: silent }, claim);
      await vi.waitFor(async () => {
        expect(stage.notifier.messages).toHaveLength(1);
        const { tables } = (await stage.registry.run(claim.runId)) ?? {};
        expect((await stage.registry.lockHolders(tables ?? [])).size).toBe(0);
        expect(tables).toHaveLength(1);
      });
      answer(new DatabaseUnavailable({ object: "database", problem: "did not answer in 65 s", remedy: "Wait" }));
      expect(await recorded).toMatchObject({ ledgerWritten: false });
    });

    it("in the ledger although nobody can be told, and then again without a second entry", async () => {
      const notifier = {
        notify: () => Promise.reject(new ServiceUnavailable({ object: "SNS", problem: "is away", remedy: "Retry" })),
      };
      await expect(recordRollback({ ...stage.ports, notifier }, claim)).rejects.toThrow(ServiceUnavailable);
      expect(await tableIsFree()).toBe(true);
      expect(await recordRollback(stage.ports, claim)).toEqual({ ...claim, ledgerWritten: true });
      const { rows } = await fresh.client.query(
        `SELECT count(*)::int AS n FROM sluice.event WHERE run_id = $1 AND kind = 'rollback'`,
        [claim.runId],
      );
      expect(rows).toEqual([{ n: 1 }]);
    });

    it("without the ledger where the configuration has lost the database", async () => {
      const { registry, notifier } = stage;
      const ports = {
        registry,
        notifier,
        get database(): Database {
          throw new NotFound({ object: 'database "crm"', problem: "is not configured", remedy: "Name it" });
        },
      };
      expect(await recordRollback(ports, claim)).toMatchObject({ ledgerWritten: false });
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
      const run = await stage.registry.run(claim.runId);
      if (!run) throw new Error("the run is registered");
      return (await stage.registry.acquireTableLocks({ ...run, runId: "next" })) === undefined;
    }
  });
});

function refusing(error: Error): Database {
  const refuse = (): Promise<never> => Promise.reject(error);
  return { execute: refuse, executeLong: refuse, transaction: refuse };
}
