import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { RunSuperseded } from "../../../core/errors.ts";
import { report } from "../../../core/run/report.ts";
import { freshDatabase, type FreshDatabase } from "../../support/postgres.ts";
import { createContacts, MIGRATION, Stage } from "./stage.ts";

describe("the report", () => {
  let fresh: FreshDatabase;
  let stage: Stage;

  beforeEach(async () => {
    fresh = await freshDatabase();
    await createContacts(fresh, 400);
    stage = await Stage.begin(fresh);
    await stage.flow.expand();
    await stage.flow.backfill();
    await stage.flow.validate();
    await stage.reach("cooling");
    await stage.flow.validate("validate-before-contract");
  });

  afterEach(() => fresh.close());

  it("says what the run did, from the ledger, although the old column is gone", async () => {
    await fresh.client.query(
      `INSERT INTO sluice.event (run_id, kind, subject) VALUES ($1, 'lock-timeout', 'x'), ($1, 'lock-timeout', 'y'), ('other', 'lock-timeout', 'z')`,
      [stage.run.ref.id],
    );
    await stage.reach("contract");
    await stage.flow.apply(stage.run.plan.contract);
    const proof = {
      rows: 400,
      segments: 1,
      oldNulls: 100,
      newNulls: 100,
      mismatches: 0,
      differingSegments: 0,
      worst: [],
    };
    expect(await report(stage.ports, stage.run)).toEqual({
      runId: stage.run.ref.id,
      migration: MIGRATION.migration,
      planHash: stage.run.plan.hash,
      rowsSynced: 300,
      rowsPerSecond: expect.any(Number) as number,
      beforeCutover: proof,
      beforeContract: proof,
      lockTimeouts: 2,
      secondsByPhase: expect.any(Object) as object,
      gates: [],
    });
  });

  it("says how each gate went: looks, time waiting, who decided and why; and who started the run", async () => {
    const started = await Stage.begin(fresh, { migration: "other" });
    const startedBy = "arn:aws:iam::1:user/bob";
    const record = await started.registry.run(started.run.ref.id);
    if (!record) throw new Error("the run is registered");
    vi.spyOn(started.registry, "transition").mockImplementation(async (change) =>
      Promise.resolve({ ...record, phase: change.to, startedBy }),
    );
    const alarm = (status: string): object => ({ kind: "alarm", name: "a", status });
    const asked = { kind: "approval", name: "approval", status: "wait" };
    const looks: [string, number, object[]][] = [
      ["before_expand", 0, [alarm("pass")]],
      ["before_cutover", 10, [alarm("wait")]],
      ["before_cutover", 30, [alarm("wait")]],
      ["before_expand", 35, [alarm("pass")]],
      ["before_cutover", 40, [alarm("pass"), asked]],
      ["before_cutover", 100, [alarm("pass")]],
      ["soak", 110, [alarm("pass")]],
    ];
    const event = `INSERT INTO sluice.event (run_id, kind, subject, detail, at)
      VALUES ($1, $2, $3, $4, timestamptz '2026-01-05T09:00:00Z' + make_interval(secs => $5))`;
    for (const [gate, at, readings] of looks) {
      await fresh.client.query(event, [started.run.ref.id, "gate", gate, JSON.stringify({ readings }), at]);
    }
    const decision = { by: "arn:aws:iam::1:user/ann", answer: "approved", reason: "looks well", at: "x" };
    await fresh.client.query(event, [started.run.ref.id, "decision", "before_cutover", JSON.stringify(decision), 99]);
    await fresh.client.query(event, ["another", "gate", "before_expand", "{}", 0]);
    expect(await report(started.ports, started.run)).toMatchObject({
      startedBy,
      gates: [
        { gate: "before_expand", polls: 2, waitedSeconds: 0, decisions: [] },
        {
          gate: "before_cutover",
          polls: 4,
          waitedSeconds: 30,
          decisions: [{ by: decision.by, answer: "approved", reason: "looks well" }],
        },
        { gate: "soak", polls: 1, waitedSeconds: 0, decisions: [] },
      ],
    });
  });

  it("gives each phase the time from its own beginning to the next one's", async () => {
    await stage.reach("contract");
    const starts = { expand: 0, backfill: 10, validate: 110, cutover: 115, soak: 200, cooling: 300, contract: 1_000 };
    for (const [phase, seconds] of Object.entries(starts)) {
      await fresh.client.query(
        `UPDATE sluice.phase SET entered_at = '2026-01-05T09:00:00Z'::timestamptz + make_interval(secs => $3) WHERE (run_id, phase) = ($1, $2)`,
        [stage.run.ref.id, phase, seconds],
      );
    }
    const { secondsByPhase } = await report(stage.ports, stage.run);
    expect(secondsByPhase).toMatchObject({
      expand: 10,
      backfill: 100,
      validate: 5,
      cutover: 85,
      soak: 100,
      cooling: 700,
    });
    expect(Object.keys(secondsByPhase)).toEqual(Object.keys(starts));
  });

  it("ends the run: ledger, registry, the table given free, people told; a repeated call changes nothing of it", async () => {
    await stage.reach("contract");
    const first = await report(stage.ports, stage.run);
    expect(await stage.phase()).toBe("done");
    const { rows } = await fresh.client.query(
      `SELECT outcome, ended_at IS NOT NULL AS ended FROM sluice.run WHERE run_id = $1`,
      [stage.run.ref.id],
    );
    expect(rows).toEqual([{ outcome: "done", ended: true }]);
    expect(stage.notifier.messages).toEqual([
      { subject: "Sluice: contact-channel is done", body: expect.stringContaining(`"rowsSynced": 300`) as string },
    ]);
    const run = await stage.registry.run(stage.run.ref.id);
    if (!run) throw new Error("the run is registered");
    expect(await stage.registry.acquireTableLocks({ ...run, runId: "next" })).toBeUndefined();
    const { secondsByPhase: _, ...again } = await report(stage.ports, stage.run);
    expect(first).toMatchObject(again);
  });

  it("is refused to a run that has not been through contract", async () => {
    await expect(report(stage.ports, stage.run)).rejects.toThrow(RunSuperseded);
    expect(stage.notifier.messages).toEqual([]);
  });
});
