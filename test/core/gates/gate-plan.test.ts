import { describe, expect, it } from "vitest";
import { GATES } from "../../../core/gates/gate-names.ts";
import type { MigrationInput } from "../../../core/migration/schema.ts";
import { planGate, type GatePlan } from "../../../core/gates/gate-plan.ts";
import { migrationOf } from "../preflight/contexts.ts";

type Gates = NonNullable<MigrationInput["gates"]>;

const gate = (gates: Gates, name: (typeof GATES)[number] = "before_cutover"): GatePlan =>
  planGate(migrationOf({ gates }), name);

const LATENCY = { namespace: "CRM", metric: "Latency", dimensions: { Endpoint: "read" }, statistic: "p99" };

describe("a gate of a plan", () => {
  it.each(GATES)("asks for the guard's alarms although %s is not declared", (name) => {
    expect(gate({ alarms: ["crm-errors", "crm-latency"] }, name)).toEqual({
      name,
      conditions: [
        { kind: "alarm", name: "crm-errors", okForSeconds: 0, inherited: true },
        { kind: "alarm", name: "crm-latency", okForSeconds: 0, inherited: true },
      ],
      stableForSeconds: 0,
      timeoutSeconds: 1_800,
      pollSeconds: 30,
      onFail: "rollback",
    });
  });

  it("asks for its own alarms for longer, each once", () => {
    const { conditions } = gate({
      alarms: ["both", "every"],
      before_cutover: { alarms: { names: ["own", "both"], ok_for: "2m" } },
    });
    expect(conditions).toEqual([
      { kind: "alarm", name: "both", okForSeconds: 120 },
      { kind: "alarm", name: "every", okForSeconds: 0, inherited: true },
      { kind: "alarm", name: "own", okForSeconds: 120 },
    ]);
  });

  it("asks for another gate's alarms of its own nowhere else", () => {
    expect(gate({ before_soak: { alarms: { names: ["late"] } } }).conditions).toEqual([]);
  });

  it("has its own times, and those of all gates where it has none, in whole seconds, never less than was written", () => {
    const gates: Gates = { timeout: "90s", poll: "250ms", before_soak: { stable_for: "1500ms", timeout: "1h" } };
    expect(gate(gates)).toMatchObject({ stableForSeconds: 0, timeoutSeconds: 90, pollSeconds: 1 });
    expect(gate(gates, "before_soak")).toMatchObject({ stableForSeconds: 2, timeoutSeconds: 3_600, pollSeconds: 1 });
  });

  it("takes predicates, divergence, approval and what a failure does as they are written", () => {
    const sql = [{ name: "quiet", holds: "NOT EXISTS (SELECT FROM crm.jobs)" }];
    expect(
      gate({
        before_cutover: {
          sql,
          divergence: { at_most: 0.001 },
          approval: { within: "2d", self_approval: false },
          on_fail: "pause",
        },
      }),
    ).toMatchObject({
      conditions: [
        { kind: "sql", ...sql[0] },
        { kind: "divergence", atMost: 0.001 },
        { kind: "approval", withinSeconds: 172_800, selfApproval: false },
      ],
      onFail: "pause",
    });
  });

  it("takes a metric's threshold from either side, zero included", () => {
    const metrics = { latency: LATENCY };
    const [most, least] = gate({
      before_cutover: {
        metrics: [
          { name: "at most", metrics, at_most: 0 },
          { name: "at least", metrics, at_least: -1 },
        ],
      },
    }).conditions;
    expect(most).toMatchObject({ bound: "at most", threshold: 0 });
    expect(least).toMatchObject({ bound: "at least", threshold: -1 });
  });

  it("asks for one metric by its id, and for several by their expression, over whole periods", () => {
    const [one, several] = gate({
      before_cutover: {
        metrics: [
          { name: "one", metrics: { latency: LATENCY }, at_most: 250 },
          {
            name: "several",
            metrics: { errors: { ...LATENCY, dimensions: {} }, requests: LATENCY },
            expression: "100 * errors / requests",
            period: "5m",
            over: "15m",
            at_most: 1,
          },
        ],
      },
    }).conditions;
    expect(one).toEqual({
      kind: "metric",
      name: "one",
      metrics: [{ id: "latency", ...LATENCY }],
      expression: "latency",
      periodSeconds: 60,
      overSeconds: 300,
      bound: "at most",
      threshold: 250,
    });
    expect(several).toMatchObject({
      metrics: [{ id: "errors", dimensions: {} }, { id: "requests" }],
      expression: "100 * errors / requests",
      periodSeconds: 300,
      overSeconds: 900,
    });
  });
});
