import { afterAll, beforeAll, beforeEach, describe, expect, it, vi, type MockInstance } from "vitest";
import { DatabaseUnavailable, FlagDeploymentFailed, RunSuperseded } from "../../../core/errors.ts";
import { OLD_PATH } from "../../../core/flag.ts";
import type { Database } from "../../../core/ports.ts";
import { cutover } from "../../../core/run/cutover.ts";
import { freshDatabase, type FreshDatabase } from "../../support/postgres.ts";
import { createContacts, MIGRATION, Stage } from "./stage.ts";

describe("cutover", () => {
  let fresh: FreshDatabase;
  let stage: Stage;

  beforeAll(async () => {
    fresh = await freshDatabase();
    await createContacts(fresh);
  });

  afterAll(() => fresh.close());

  beforeEach(async () => {
    stage = await (await Stage.begin(fresh)).reach("validate");
  });

  const call = (): ReturnType<typeof cutover> => cutover(stage.ports, stage.run);
  const flag = (step: number): unknown => stage.run.plan.cutover[step]?.flag;
  const deployments = async (): Promise<number> => {
    let count = 0;
    while (await stage.flags.deployment(MIGRATION.migration, count + 1).catch(() => undefined)) count += 1;
    return count;
  };
  const served = (): Promise<unknown> => stage.flags.current(MIGRATION.migration);

  /** Deploys the next step, and lets its soak begin. */
  async function takeStep(): Promise<void> {
    expect((await call()).status).toBe("wait");
    stage.flags.finish(MIGRATION.migration);
    expect((await call()).status).toBe("soak");
  }

  it("walks the plan's steps in order: deploy, follow, soak, next", async () => {
    expect(await call()).toMatchObject({ status: "wait", waitSeconds: 2, message: /deployment 1 is under way/ });
    expect(await call()).toMatchObject({ status: "wait" });
    expect(await served()).toBeUndefined();
    stage.flags.finish(MIGRATION.migration);
    expect(await call()).toMatchObject({ status: "soak", message: /in effect, 300 s of soak left/ });
    expect(await served()).toEqual(flag(0));
    await stage.pass(300);
    await takeStep();
    expect(await served()).toEqual(flag(1));
    await stage.pass(600);
    await takeStep();
    expect(await served()).toEqual(flag(2));
    await stage.pass(60);
    expect(await call()).toEqual({ status: "done", message: "all traffic is on the new path" });
    expect(await deployments()).toBe(3);
    expect(await stage.phase()).toBe("cutover");
  });

  it("guards each deployment by every alarm of the plan, so that AppConfig takes it back by itself", async () => {
    await call();
    expect(stage.flags.guards(MIGRATION.migration)).toEqual(["crm-errors", "crm-latency"]);
  });

  it("looks at a deployment soon at first, and seldom at one that bakes", async () => {
    const waits: number[] = [];
    for (const seconds of [0, 6, 14, 100, 3_600]) {
      await stage.pass(seconds);
      const result = await call();
      expect(result.status).toBe("wait");
      waits.push("waitSeconds" in result ? result.waitSeconds : 0);
    }
    const [first, second, third = 0, ...late] = waits;
    expect([first, second]).toEqual([2, 2]);
    expect(third).toBeGreaterThanOrEqual(5);
    expect(third).toBeLessThanOrEqual(8);
    expect(late).toEqual([30, 30]);
  });

  it("reads the run from registry once after it has begun a deployment", async () => {
    const run = vi.spyOn(stage.registry, "run");
    await call();
    expect(run).toHaveBeenCalledTimes(1);
  });

  it("deploys no next step before the soak of the last one is over, however often it is called", async () => {
    await takeStep();
    await stage.pass(290);
    for (let again = 0; again < 3; again += 1) {
      const result = await call();
      expect(result.status).toBe("soak");
      expect("waitSeconds" in result && result.waitSeconds).toBeLessThanOrEqual(10);
    }
    expect(await deployments()).toBe(1);
    expect(await served()).toEqual(flag(0));
  });

  it("lets the gate look at the alarms every poll while a step soaks", async () => {
    await takeStep();
    expect(await call()).toMatchObject({ status: "soak", waitSeconds: 20 });
  });

  it("spreads the looks of a soak of months, so that the execution's history has room for them", async () => {
    const months = await Stage.begin(fresh, { cutover: { steps: LONG_SOAK } });
    await months.reach("validate");
    await cutover(months.ports, months.run);
    months.flags.finish(MIGRATION.migration);
    expect(await cutover(months.ports, months.run)).toMatchObject({ status: "soak", waitSeconds: 21_600 });
  });

  it("says that it is done only when the last step's soak is over", async () => {
    for (const soak of [300, 600]) {
      await takeStep();
      await stage.pass(soak);
    }
    await takeStep();
    expect((await call()).status).toBe("soak");
    await stage.pass(60);
    expect((await call()).status).toBe("done");
  });

  it("starts one deployment although the same call is made twice at once", async () => {
    await Promise.all([call(), call()]);
    stage.flags.finish(MIGRATION.migration);
    await Promise.all([call(), call()]);
    expect((await call()).status).toBe("soak");
    expect(await deployments()).toBe(1);
  });

  it("takes the deployment up again after dying between its start and the ledger", async () => {
    await stage.flags.deploy(MIGRATION.migration, stage.run.plan.cutover[0]?.flag ?? OLD_PATH, []);
    await takeStep();
    expect(await deployments()).toBe(1);
  });

  it("fails when an alarm takes the deployment back, and does not deploy it again", async () => {
    await call();
    stage.flags.revert(MIGRATION.migration);
    await expect(call()).rejects.toThrow(FlagDeploymentFailed);
    await expect(call()).rejects.toThrow(/deployment 1 .*was taken back/);
    expect(await deployments()).toBe(1);
  });

  it("fails when a person takes a step's deployment back while it soaks, and does not widen the flag", async () => {
    await takeStep();
    vi.spyOn(stage.flags, "deployment").mockImplementation((_, deployment) =>
      Promise.resolve(deployment === 1 ? "reverted" : "complete"),
    );
    await expect(call()).rejects.toThrow(FlagDeploymentFailed);
    await stage.pass(300);
    await expect(call()).rejects.toThrow(FlagDeploymentFailed);
    expect(await served()).toEqual(flag(0));
  });

  it("deploys again in a new run what the run before it left reverted", async () => {
    await call();
    stage.flags.revert(MIGRATION.migration);
    await expect(call()).rejects.toThrow(FlagDeploymentFailed);
    const second = await (await Stage.begin(fresh)).reach("validate");
    const result = await cutover({ ...second.ports, flags: stage.flags }, second.run);
    expect(result).toMatchObject({ status: "wait", message: /deployment 2 is under way/ });
  });

  it("does nothing for a run that was rolled back", async () => {
    await stage.rollBack();
    await expect(call()).rejects.toThrow(RunSuperseded);
    expect(await deployments()).toBe(0);
  });

  it("puts the old path back where a rollback came in between its look at the phase and its deployment", async () => {
    await takeStep();
    await stage.pass(300);
    rollBackOnDeploy();
    await expect(call()).rejects.toThrow(RunSuperseded);
    expect(await served()).toEqual(OLD_PATH);
    expect(await stage.flags.deployment(MIGRATION.migration, await deployments())).toBe("complete");
  });

  it("puts it back unguarded, since the alarm that called for it may be firing", async () => {
    rollBackOnDeploy();
    await expect(call()).rejects.toThrow(RunSuperseded);
    expect(stage.flags.guards(MIGRATION.migration)).toEqual([]);
    expect(await served()).toEqual(OLD_PATH);
  });

  it("puts it back although the database is gone by then", async () => {
    const { database } = stage.ports;
    const deploy = rollBackOnDeploy();
    const dying: Database = {
      transaction: (work) => database.transaction(work),
      executeLong: (statement) => database.executeLong(statement),
      execute: (statement) => (deploy.mock.calls.length > 0 ? Promise.reject(GONE) : database.execute(statement)),
    };
    await expect(cutover({ ...stage.ports, database: dying }, stage.run)).rejects.toThrow(RunSuperseded);
    expect(await served()).toEqual(OLD_PATH);
  });

  /** The whole rollback happens between a call's look at the phase and its deployment: claim, old path deployed, done. */
  function rollBackOnDeploy(): MockInstance<typeof stage.flags.deploy> {
    const deploy = stage.flags.deploy.bind(stage.flags);
    return vi.spyOn(stage.flags, "deploy").mockImplementationOnce(async (migration, state, guards) => {
      await stage.rollBack();
      await stage.flags.deployNow(migration, OLD_PATH);
      return deploy(migration, state, guards);
    });
  }
});

/** 100 days, of which 400 looks are six hours each. */
const LONG_SOAK: { path: "read" | "write"; percent: number; soak: string }[] = [
  { path: "read", percent: 100, soak: "90d" },
  { path: "write", percent: 100, soak: "10d" },
];

const GONE = new DatabaseUnavailable({ object: "database", problem: "does not answer", remedy: "Retry" });
