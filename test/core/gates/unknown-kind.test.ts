import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { gateLines } from "../../../cli/output/gate-text.ts";
import { styleOf } from "../../../cli/output/style.ts";
import { evaluationOf } from "../../../cli/services/gate-evaluation.ts";
import type { ConditionPlan } from "../../../core/gates/conditions/condition.ts";
import { gate } from "../../../core/gates/gate.ts";
import { gateReports } from "../../../core/gates/gate-report.ts";
import type { Run } from "../../../core/run/run.ts";
import { freshDatabase, type FreshDatabase } from "../../support/postgres.ts";
import { createContacts, Stage } from "../run/stage.ts";

const NAME = "before_cutover";
const LAYOUT = { style: styleOf(false), width: 120 };

/** As a version with more kinds writes it. */
const WRITTEN = {
  gate: NAME,
  status: "wait",
  readings: [
    { kind: "alarm", name: "crm-errors", value: "OK", threshold: "OK", status: "pass", reason: "" },
    { kind: "tide", name: "harbour", value: "4 m", threshold: "at most 3 m", status: "wait", reason: "tide is 4 m" },
    { kind: "moon", name: "phase", value: "new", threshold: "not full", status: "pass", reason: "" },
  ],
  stableSeconds: 0,
  stableForSeconds: 0,
  waitedSeconds: 20,
  timeoutSeconds: 300,
};

describe("a kind of condition that this version does not know", () => {
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

  async function record(detail: object): Promise<void> {
    await fresh.client.query(`INSERT INTO sluice.event (run_id, kind, subject, detail) VALUES ($1, 'gate', $2, $3)`, [
      stage.run.ref.id,
      NAME,
      JSON.stringify(detail),
    ]);
  }

  async function recorded(): Promise<string[]> {
    const { rows } = await fresh.client.query<{ detail: unknown }>(
      `SELECT detail FROM sluice.event WHERE run_id = $1 AND kind = 'gate' ORDER BY id DESC LIMIT 1`,
      [stage.run.ref.id],
    );
    const evaluation = evaluationOf(rows[0]?.detail);
    return evaluation ? gateLines(evaluation, LAYOUT) : [];
  }

  it("is shown by sluice status, with all that was written of it", async () => {
    await record(WRITTEN);
    expect(await recorded()).toEqual([
      "gate before cutover  waits",
      "  ✓ alarm crm-errors: OK",
      "  … tide is 4 m",
      "  ✓ moon phase: new (asked: not full)",
      "  waiting for 20s of at most 5m",
    ]);
  });

  it("is shown at a gate that this version does not know, and with a status that it does not know as waiting", async () => {
    const [, tide] = WRITTEN.readings;
    await record({ ...WRITTEN, gate: "before_tea", status: "steeping", readings: [{ ...tide, status: "steeping" }] });
    expect(await recorded()).toEqual(["gate before tea  waits", "  … tide is 4 m", "  waiting for 20s of at most 5m"]);
  });

  it("counts as time in which the gate waited", async () => {
    await record(WRITTEN);
    await stage.pass(30);
    stage.alarms.set("crm-errors", "INSUFFICIENT_DATA");
    expect(await gate(stage.ports, stage.run, { gate: NAME })).toMatchObject({
      message: /^waiting for 3\d s of 300 s/,
    });
    expect(await gateReports(fresh.database, stage.run.ref.id)).toMatchObject([{ gate: NAME, polls: 2 }]);
  });

  it("does not pass where a plan asks for it", async () => {
    const tide: ConditionPlan = { kind: "tide", name: "harbour" };
    const gates = stage.run.plan.gates.map((each) => ({ ...each, conditions: [...each.conditions, tide] }));
    const run: Run = { ...stage.run, plan: { ...stage.run.plan, gates } };
    expect(await gate(stage.ports, run, { gate: NAME })).toMatchObject({
      status: "wait",
      message: /this version of Sluice does not know the condition tide$/,
    });
  });
});
