import { writeFile } from "node:fs/promises";
import {
  GetEnvironmentCommand,
  ListDeploymentsCommand,
  ListEnvironmentsCommand,
  UpdateDeploymentStrategyCommand,
} from "@aws-sdk/client-appconfig";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { OLD_PATH } from "../../core/flag.ts";
import type { MigrationInput } from "../../core/migration/schema.ts";
import type { Phase } from "../../core/plan/phases.ts";
import { until, useDeployedStack } from "../support/deployed-stack.ts";
import type { LatencyAlarm } from "../support/latency-alarm.ts";
import { descendants, halt } from "../support/processes.ts";
import { Barrier, renameMigration, RenamedTable } from "../support/renamed-table.ts";

const TEST_TIMEOUT_MS = 300_000;
const HISTORY = 20_000;

const alarmOf = (table: string): string => `${table}-latency`;
/** The state machine itself would look at the alarm after ten minutes: what happens before then, the event has done. */
const ALARMED = (table: string) => ({ alarms: [alarmOf(table)], poll: "10m", timeout: "2h" });
const barrier = (table: string): Barrier => new Barrier(table);

/** A run, and the moment in it at which the application becomes slow. */
interface Scene {
  readonly phase: string;
  readonly table: string;
  readonly migration: Partial<MigrationInput>;
  /** Waits until the run is there. @returns what lets the next run pass. */
  readonly arrive: (table: RenamedTable, executionArn: string) => Promise<() => Promise<void>>;
  /** Whether some traffic is on the new path by then. */
  readonly widened: boolean;
}

/** Waits until the run is in this phase; nothing keeps the next one from passing it. */
const inPhase =
  (phase: Phase): Scene["arrive"] =>
  async ({ load }, run) => {
    await stack().reaches(run, "backfill");
    load.access.newSide = true;
    await stack().reaches(run, phase);
    return () => Promise.resolve();
  };

const SCENES: readonly Scene[] = [
  {
    phase: "expand, before the backfill",
    table: "slow_before_backfill",
    migration: {
      gates: {
        ...ALARMED("slow_before_backfill"),
        before_backfill: { sql: [barrier("slow_before_backfill").predicate] },
      },
    },
    arrive: async ({ name }, run) => {
      await stack().standsAt(run, "GateBeforeBackfillWait");
      return () => barrier(name).open(stack());
    },
    widened: false,
  },
  {
    phase: "backfill",
    table: "slow_in_backfill",
    migration: {
      // No step of the state machine looks at an alarm here. A gate looks the less often the longer it may wait.
      gates: {
        ...ALARMED("slow_in_backfill"),
        poll: "1s",
        timeout: "3m",
        before_backfill: { sql: [barrier("slow_in_backfill").predicate] },
      },
    },
    arrive: async (table, run) => {
      await stack().standsAt(run, "GateBeforeBackfillWait");
      const letGo = await table.holdRow();
      await barrier(table.name).open(stack());
      table.load.access.newSide = true;
      await until(async () => ((await table.doneShards()).length > 0 ? true : undefined));
      expect(await stack().registry.run(`${table.migration}-1`)).toMatchObject({ phase: "backfill" });
      return letGo;
    },
    widened: false,
  },
  {
    phase: "soak",
    table: "slow_in_soak",
    migration: { gates: ALARMED("slow_in_soak"), soak: "20s" },
    arrive: inPhase("soak"),
    widened: true,
  },
  {
    phase: "cooling",
    table: "slow_in_cooling",
    migration: { gates: ALARMED("slow_in_cooling"), contract: { cooling: "20s" } },
    arrive: inPhase("cooling"),
    widened: true,
  },
];

/** Its second step bakes, see below. */
const IN_DEPLOYMENT: Scene = {
  phase: "a deployment of the flag",
  table: "slow_in_deployment",
  migration: { gates: ALARMED("slow_in_deployment") },
  arrive: async (_, run) => {
    await until(async () => ((await stack().flags.current("slow-in-deployment")) ? true : undefined));
    await stepsBakeFor(10);
    await until(async () => ((await stack().flags.inFlight("slow-in-deployment")) ? true : undefined));
    await stack().standsAt(run, "CutoverWait");
    return () => stepsBakeFor(0);
  },
  widened: true,
};

const WITHOUT_DATABASE: Scene = {
  phase: "soak, without a database",
  table: "slow_without_database",
  migration: { gates: ALARMED("slow_without_database"), soak: "20s" },
  arrive: async (table, run) => {
    await inPhase("soak")(table, run);
    return haltPostgres();
  },
  widened: true,
};

/** Runs that stand at a gate, for alarms that come more than once. */
const waiting = (table: string, alarms: readonly string[]): MigrationInput =>
  renameMigration(table, {
    gates: { ...ALARMED(table), alarms: [...alarms], before_backfill: { sql: [barrier(table).predicate] } },
  });

const stack = useDeployedStack([
  ...[...SCENES, IN_DEPLOYMENT, WITHOUT_DATABASE].map(({ table, migration }) => renameMigration(table, migration)),
  waiting("ten_times", ["ten-times"]),
  waiting("two_alarms", ["two-alarms-a", "two-alarms-b"]),
  waiting("alarm_and_operator", ["alarm-and-operator"]),
]);

/** Seconds from the moment at which the metric that fires the alarm is published. */
interface Measurement {
  readonly phase: string;
  /** Until the deployment of the old path is complete; undefined where no flag had been deployed. */
  readonly flagInEffect: number | undefined;
  /** Until the last request of the application that polls the flag has left the new path. */
  readonly applicationOnOldPath: number | undefined;
  readonly runStopped: number;
  readonly rollbackOver: number;
}
const measurements: Measurement[] = [];

beforeAll(() => Barrier.prepare(stack()));
afterAll(async () => {
  const seconds = (value: number | undefined) => (value === undefined ? "-" : `${value.toFixed(2)} s`);
  for (const { phase, flagInEffect, applicationOnOldPath, runStopped, rollbackOver } of measurements) {
    process.stdout.write(
      `alarm in ${phase}: old path deployed ${seconds(flagInEffect)}, application on it ${seconds(applicationOnOldPath)}, ` +
        `run stopped ${seconds(runStopped)}, rollback over ${seconds(rollbackOver)}\n`,
    );
  }
  const file = process.env["SLUICE_REPORT"];
  if (file !== undefined) await writeFile(file, `${JSON.stringify(measurements, undefined, 2)}\n`);
});

describe("an alarm that fires", () => {
  it.concurrent.each(SCENES)(
    "in $phase returns all traffic, loses nothing, and lets the next run go on from there",
    async (scene) => {
      const { table, alarm, pass } = await rollsBack(scene);
      await pass();
      await finishes(table, alarm);
    },
    TEST_TIMEOUT_MS,
  );
});

// After the others: ten alarms at once start ten processes, and would blur what is measured there.
describe("an alarm that fires", () => {
  it.concurrent(
    "ten times rolls back once",
    async () => {
      const { setAlarm } = stack();
      await standing("ten_times", ["ten-times"]);
      for (let time = 0; time < 10; time += 1) {
        await setAlarm("ten-times", "ALARM");
        await setAlarm("ten-times", "OK");
      }
      await rolledBackOnce("ten-times-1");
    },
    TEST_TIMEOUT_MS,
  );

  it.concurrent(
    "beside another one at the same moment rolls back once",
    async () => {
      const { setAlarm } = stack();
      const alarms = ["two-alarms-a", "two-alarms-b"];
      await standing("two_alarms", alarms);
      await Promise.all(alarms.map((alarm) => setAlarm(alarm, "ALARM")));
      await rolledBackOnce("two-alarms-1");
    },
    TEST_TIMEOUT_MS,
  );

  it.concurrent(
    "beside an operator's sluice rollback rolls back once, and both are told so",
    async () => {
      const { setAlarm, sluice } = stack();
      await standing("alarm_and_operator", ["alarm-and-operator"]);
      const [operator] = await Promise.all([
        sluice("rollback", "alarm-and-operator-1", "--reason", "p99 doubled"),
        setAlarm("alarm-and-operator", "ALARM"),
      ]);
      expect(operator).toMatchObject({ code: 0 });
      await rolledBackOnce("alarm-and-operator-1");
    },
    TEST_TIMEOUT_MS,
  );

  /** Starts a run with these alarms and waits until it stands at its gate. */
  async function standing(name: string, alarms: readonly string[]): Promise<void> {
    const { start, setAlarm, standsAt } = stack();
    const table = await RenamedTable.create(stack(), name, 100);
    for (const alarm of alarms) await setAlarm(alarm, "OK");
    await standsAt(await start(table.migration, `${table.migration}-1`), "GateBeforeBackfillWait");
  }

  async function rolledBackOnce(runId: string): Promise<void> {
    const { rollbacks, registry, inbox } = stack();
    await until(async () => {
      const all = await rollbacks(runId);
      return all.length > 0 && all.every(({ status }) => status !== "RUNNING") ? true : undefined;
    });
    expect(await rollbacks(runId)).toMatchObject([{ name: `rollback-${runId}`, status: "SUCCEEDED" }]);
    expect(await registry.run(runId)).toMatchObject({ phase: "rolled-back" });
    await until(() => Promise.resolve(inbox.about(runId).length > 0 ? true : undefined));
    expect(inbox.about(runId).filter(({ subject }) => subject.includes("was rolled back"))).toHaveLength(1);
  }
});

describe("an alarm that fires while AppConfig is busy, or the database gone", () => {
  it(
    "in a deployment of the flag takes that back with the steps before it, and lets the next run finish",
    async () => {
      const { table, alarm, pass } = await rollsBack(IN_DEPLOYMENT);
      expect(await monitors(table.migration)).toEqual([]);
      await pass();
      await finishes(table, alarm);
    },
    TEST_TIMEOUT_MS,
  );

  it(
    "returns all traffic without the database, and the next run finishes when that is back",
    async () => {
      const { table, alarm, pass } = await rollsBack(WITHOUT_DATABASE);
      await pass();
      await finishes(table, alarm);
    },
    TEST_TIMEOUT_MS,
  );
});

/** Starts a run under traffic, makes the application slow at the scene's moment, and looks at all that follows. */
async function rollsBack(scene: Scene) {
  const { start, ended, rollbacks, registry, flags, inbox, latencyAlarm } = stack();
  const table = await RenamedTable.create(stack(), scene.table, HISTORY);
  const alarm = await latencyAlarm(alarmOf(scene.table));
  await table.startTraffic();
  const runId = `${table.migration}-1`;
  const run = await start(table.migration, runId);
  const pass = await scene.arrive(table, run);
  const hasDatabase = scene !== WITHOUT_DATABASE;
  expect({ widened: await flags.deployed(table.migration) }).toEqual({ widened: scene.widened });

  const fired = Date.now();
  await alarm.slow();
  const [stopped, rollback, onOldPath] = await Promise.all([
    ended(run),
    until(async () => (await rollbacks(runId))[0]).then(({ executionArn = "" }) => ended(executionArn)),
    table.application.untilOnOldPath().then(() => Date.now()),
  ]);

  expect(stopped).toMatchObject({ status: "ABORTED" });
  expect(rollback).toMatchObject({ status: "SUCCEEDED" });
  expect(JSON.parse(rollback.output ?? "{}")).toMatchObject({ runId, ledgerWritten: hasDatabase });
  expect(await rollbacks(runId)).toHaveLength(1);
  expect(await flags.current(table.migration)).toEqual(scene.widened ? OLD_PATH : undefined);
  const record = await registry.run(runId);
  expect(record).toMatchObject({ phase: "rolled-back", alarms: [alarm.name] });
  expect(record?.reason).toContain(`alarm "${alarm.name}"`);
  expect(record?.tables).toHaveLength(1);
  expect((await registry.lockHolders(record?.tables ?? [])).size).toBe(0);
  const told = await until(() => Promise.resolve(inbox.about(runId).find(({ subject }) => subject.includes("rolled"))));
  expect(told.body).toContain(`alarm "${alarm.name}"`);
  if (hasDatabase) {
    expect(await table.outcome(runId)).toBe("rolled-back");
    expect(JSON.stringify(await table.events(runId, "rollback"))).toContain(alarm.name);
  }
  expect(table.errors).toEqual([]);

  const deployed = scene.widened ? await newestDeployment(table.migration) : undefined;
  const since = (moment: Date | number | undefined) => (Number(moment ?? Number.NaN) - fired) / 1_000;
  measurements.push({
    phase: scene.phase,
    flagInEffect: deployed && since(deployed),
    applicationOnOldPath: scene.widened ? since(onOldPath) : undefined,
    runStopped: since(stopped.stopDate),
    rollbackOver: since(rollback.stopDate),
  });
  return { table, alarm, pass };
}

/** With the application well again, another run of the migration goes to its end and does not begin anew. */
async function finishes(table: RenamedTable, alarm: LatencyAlarm): Promise<void> {
  const { start, ended, registry } = stack();
  const [first, second] = [`${table.migration}-1`, `${table.migration}-2`];
  const done = await table.doneShards();
  await alarm.healthy();
  expect(await alarm.state()).toBe("OK");
  const run = await start(table.migration, second);
  await table.followRun(run);
  const { status, cause, output } = await ended(run);
  const errors = await table.stopTraffic();
  expect({ status, cause, errors }).toEqual({ status: "SUCCEEDED", cause: undefined, errors: [] });
  expect(JSON.parse(output ?? "{}")).toMatchObject({
    beforeCutover: { mismatches: 0 },
    beforeContract: { mismatches: 0 },
  });
  expect(await table.columns()).toEqual(["acquisition_channel", "id", "note"]);
  expect(await table.lostWrites()).toEqual([]);
  expect((await registry.run(second))?.planHash).toBe((await registry.run(first))?.planHash);
  expect(await table.doneShards()).toEqual(expect.arrayContaining([...done]));
  const { new: onNewPath } = table.application.requests;
  expect(onNewPath).toBeGreaterThan(0);
}

async function newestDeployment(migration: string): Promise<Date | undefined> {
  const place = { ApplicationId: stack().output("FlagApplication"), EnvironmentId: await environmentOf(migration) };
  const { Items = [] } = await stack().appConfig.send(new ListDeploymentsCommand(place));
  return Items.toSorted((a, b) => (b.DeploymentNumber ?? 0) - (a.DeploymentNumber ?? 0))[0]?.CompletedAt;
}

async function monitors(migration: string): Promise<readonly unknown[]> {
  const place = { ApplicationId: stack().output("FlagApplication"), EnvironmentId: await environmentOf(migration) };
  return (await stack().appConfig.send(new GetEnvironmentCommand(place))).Monitors ?? [];
}

async function environmentOf(migration: string): Promise<string | undefined> {
  const list = new ListEnvironmentsCommand({ ApplicationId: stack().output("FlagApplication") });
  const { Items = [] } = await stack().appConfig.send(list);
  return Items.find(({ Name }) => Name === migration)?.Id;
}

/** Minutes for which AppConfig watches a step of the cutover, as `flagBakeMinutes` of cdk.json says. */
async function stepsBakeFor(minutes: number): Promise<void> {
  const DeploymentStrategyId = stack().output("StrategyStepwise");
  const update = { DeploymentStrategyId, FinalBakeTimeInMinutes: minutes };
  await stack().appConfig.send(new UpdateDeploymentStrategyCommand(update));
}

/** @returns what lets the server go on. */
function haltPostgres(): () => Promise<void> {
  const server = descendants(process.pid).find(({ command }) => command.includes("/postgres -D "));
  if (!server) throw new Error("no PostgreSQL runs");
  const goOn = halt(server.pid);
  return () => {
    goOn();
    return Promise.resolve();
  };
}
