import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { RunSuperseded, ServiceUnavailable } from "../../../../core/errors.ts";
import type { Database, RunRecord, Session } from "../../../../core/ports.ts";
import { backfill } from "../../../../core/run/shards/backfill.ts";
import { pausable } from "../../../../core/run/pausable.ts";
import { shards } from "../../../../core/run/shards/shards.ts";
import { validate } from "../../../../core/run/shards/validate.ts";
import { FakeClock } from "../../../support/fakes.ts";
import { untilDone } from "../../../support/flow.ts";
import { freshDatabase, type FreshDatabase } from "../../../support/postgres.ts";
import { createContacts, Stage } from "../stage.ts";

const PAUSE = { by: "ann", at: "2026-01-05T09:00:00.000Z", reason: "the sale begins" };
const END = { resumedBy: "bob", resumedAt: "2026-01-05T10:00:00.000Z" };
/** What a batch takes by the clock of these tests: four in a second. */
const BATCH_MS = 250;

let fresh: FreshDatabase;
let stage: Stage;
beforeAll(async () => {
  fresh = await freshDatabase();
});
afterAll(() => fresh.close());

beforeEach(async () => {
  await fresh.client.query(`DROP TABLE IF EXISTS contacts; DROP SCHEMA IF EXISTS sluice CASCADE`);
  await createContacts(fresh, 40_000);
  stage = await Stage.begin(fresh, {
    backfill: { shard_blocks: 64, batch: { target: "250ms", initial_blocks: 2 }, slice: "10m" },
    validate: { shard_blocks: 16 },
  });
  await stage.flow.expand();
});

/**
 * The database, by whose batches the clock goes on, and nothing else; `after` is called when so many have been sent.
 * A batch is what moves a shard's cursor.
 */
class Metered implements Database {
  batches = 0;
  readonly clock = new FakeClock();

  constructor(
    private readonly inner: Database,
    private readonly after: { readonly batches: number; readonly call: () => Promise<unknown> },
  ) {}

  readonly execute: Session["execute"] = async (statement) => {
    const rows = await this.inner.execute(statement);
    if (!statement.text.includes("next_block = CAST(:to_block AS bigint)")) return rows;
    this.clock.advance(BATCH_MS);
    this.batches += 1;
    if (this.batches === this.after.batches) await this.after.call();
    return rows;
  };
  readonly transaction: Database["transaction"] = (work) => this.inner.transaction(work);
  readonly executeLong: Database["executeLong"] = (statement) => this.inner.executeLong(statement);
}

function meter(batches: number, call: () => Promise<unknown>) {
  const database = new Metered(fresh.database, { batches, call });
  return { database, ports: { registry: stage.registry, database, clock: database.clock } };
}

async function ledger(): Promise<{ readonly batches: number; readonly leased: number; readonly pending: number }> {
  const { rows } = await fresh.client.query(
    `SELECT coalesce(sum(batches), 0)::int AS batches,
       (count(*) FILTER (WHERE done_at IS NULL AND lease_until > clock_timestamp()))::int AS leased,
       (count(*) FILTER (WHERE done_at IS NULL))::int AS pending
     FROM sluice.shard`,
  );
  return rows[0];
}

const id = (): string => stage.run.ref.id;
const pause = () => stage.registry.pause(id(), PAUSE, ["backfill", "validate"]);

describe("a worker's slice of the backfill", () => {
  beforeEach(async () => {
    await shards(stage.ports, stage.run, "backfill");
  });

  it("begins no batch more than a second after the pause, gives its shard back, and stands by", async () => {
    const { database, ports } = meter(10, pause);
    const result = await backfill(ports, stage.run, 0);
    expect(result).toMatchObject({ status: "callback", waitSeconds: 86_400 });
    expect(result.message).toContain("paused by ann since 2026-01-05T09:00:00.000Z: the sale begins");
    const { batches, leased, pending } = await ledger();
    expect(batches).toBe(database.batches);
    expect(batches).toBeGreaterThanOrEqual(10);
    // The look comes within a second of the clock, which is four batches.
    expect(batches).toBeLessThanOrEqual(14);
    expect(leased).toBe(0);
    expect(pending).toBeGreaterThan(0);
  });

  it("leaves everything as it is while the pause lasts, and goes on to the end after it", async () => {
    const { ports } = meter(10, pause);
    await backfill(ports, stage.run, 0);
    const before = await ledger();
    // As the handler has it.
    const step = pausable((all: Stage["ports"], run, worker: number) => backfill(all, run, worker));
    expect(await step(stage.ports, stage.run, 1)).toMatchObject({ status: "callback" });
    expect(await ledger()).toEqual(before);
    await stage.registry.resume(id(), END);
    await untilDone(() => step(stage.ports, stage.run, 0));
    const after = await ledger();
    expect([before.pending > 0, after.pending]).toEqual([true, 0]);
    const { rows } = await fresh.client.query(
      `SELECT count(*)::int AS n FROM contacts WHERE lead_source IS DISTINCT FROM acquisition_channel`,
    );
    expect(rows).toEqual([{ n: 0 }]);
  });

  it("is over within a second of a rollback, and says why", async () => {
    const { database, ports } = meter(10, () => stage.rollBack());
    const call = backfill(ports, stage.run, 0);
    await expect(call).rejects.toThrow(RunSuperseded);
    await expect(call).rejects.toThrow(/asked/);
    expect(database.batches).toBeLessThanOrEqual(14);
    expect((await ledger()).leased).toBe(0);
  });

  it("reads registry once a second at the most", async () => {
    const { database, ports } = meter(Infinity, () => Promise.resolve());
    let looks = 0;
    const run = (runId: string): Promise<RunRecord | undefined> => {
      looks += 1;
      return stage.registry.run(runId);
    };
    const registry = Object.assign(Object.create(stage.registry) as typeof stage.registry, { run });
    await backfill({ ...ports, registry }, stage.run, 0);
    const seconds = (database.batches * BATCH_MS) / 1_000;
    expect(seconds).toBeGreaterThan(5);
    // The one at the slice's beginning comes in addition.
    expect(looks).toBeLessThanOrEqual(seconds + 1);
    expect(looks).toBeGreaterThanOrEqual(Math.floor(seconds / 1.25));
  });

  it("does not go on where the run registry cannot be read, and gives its shard back", async () => {
    const { database, ports } = meter(10, () => Promise.resolve());
    const silent = new ServiceUnavailable({ object: "registry", problem: "does not answer", remedy: "Retry" });
    const registry = Object.assign(Object.create(stage.registry) as typeof stage.registry, {
      run: (runId: string) => (database.batches < 10 ? stage.registry.run(runId) : Promise.reject(silent)),
    });
    await expect(backfill({ ...ports, registry }, stage.run, 0)).rejects.toThrow(ServiceUnavailable);
    expect(database.batches).toBeLessThanOrEqual(14);
    expect((await ledger()).leased).toBe(0);
  });

  it("goes on at once where the pause is over by the time that it looks twice", async () => {
    const { ports } = meter(10, pause);
    let paused = 0;
    const registry = Object.assign(Object.create(stage.registry) as typeof stage.registry, {
      run: async (runId: string) => {
        const record = await stage.registry.run(runId);
        if (record?.paused && paused++ === 0) await stage.registry.resume(runId, END);
        return record;
      },
    });
    expect(await backfill({ ...ports, registry }, stage.run, 0)).toMatchObject({ status: "more" });
  });
});

describe("a worker's slice of a proof", () => {
  it("ends after the scan that runs when the run is paused, and reads nothing twice afterwards", async () => {
    await stage.flow.backfill();
    const job = "validate-before-cutover";
    await shards(stage.ports, stage.run, job);
    const { database, ports } = meter(4, pause);
    expect(await validate(ports, stage.run, { worker: 0, job })).toMatchObject({ status: "callback" });
    expect(database.batches).toBeLessThanOrEqual(8);
    await stage.registry.resume(id(), END);
    await untilDone(() => validate(stage.ports, stage.run, { worker: 0, job }));
    const { rows } = await fresh.client.query(
      `SELECT sum(rows)::int AS rows, (SELECT max(batches)::int FROM sluice.shard WHERE job LIKE 'validate%') AS most
       FROM sluice."check"`,
    );
    expect(rows).toEqual([{ rows: 40_000, most: 1 }]);
  });
});
