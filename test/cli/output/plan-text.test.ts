import { describe, expect, it } from "vitest";
import { planText } from "../../../cli/output/plan-text.ts";
import { styleOf } from "../../../cli/output/style.ts";
import type { MigrationInput } from "../../../core/migration/schema.ts";
import { planMigration } from "../../../core/plan/plan-migration.ts";
import { catalogOf, migrationOf } from "../../core/preflight/contexts.ts";

/** The section of rollback alarms and gates, with the spaces of its columns folded. */
function alarmsAndGates(gates: MigrationInput["gates"]): string {
  const plan = planMigration(migrationOf({ gates }), catalogOf());
  const text = planText(plan, [], { style: styleOf(false), width: 200 });
  const section = /◇ Rollback alarms and gates(.*?)\n\n1 Expand/s.exec(text)?.[1] ?? "";
  return section
    .split("\n")
    .map((line) => line.trim().replaceAll(/ {2,}/g, ": "))
    .join("\n");
}

const LATENCY = { namespace: "CRM", metric: "Latency", statistic: "p99" };

describe("the rollback alarms and the gates in a plan's text", () => {
  it("says which alarms end the run, and that no gate asks for more", () => {
    const text = alarmsAndGates({ alarms: ["crm-errors", "crm-latency"], timeout: "10m", poll: "20s" });
    expect(text).toContain("2 alarms; no gate asks for more");
    expect(text).toContain("alarms: crm-errors, crm-latency");
    expect(text).toContain("one fires: from expand to cooling: the run ends by itself");
    expect(text).toContain("for 10m at most");
    expect(text).toContain("looked at: every 20s");
    expect(text).not.toContain("before");
  });

  it("says that nothing stops a run that names no alarm", () => {
    expect(alarmsAndGates({ alarms: [] })).toContain("no alarm is named, so that nothing but a person stops the run");
  });

  it("shows everything that a declared gate asks for, and no gate that is not declared", () => {
    const text = alarmsAndGates({
      alarms: ["crm-errors"],
      before_cutover: {
        alarms: { names: ["crm-latency"], ok_for: "5m" },
        metrics: [
          { name: "p99 of reads", metrics: { latency: LATENCY }, at_most: 250 },
          {
            name: "errors",
            metrics: { errors: LATENCY, requests: LATENCY },
            expression: "100 * errors / requests",
            at_least: 1,
            over: "1h",
          },
        ],
        sql: [{ name: "quiet", holds: "NOT EXISTS (SELECT FROM crm.jobs)" }],
        divergence: { at_most: 0.001 },
        hold: "10m",
        approval: { within: "2d", self_approval: false },
        timeout: "2h",
        on_fail: "pause",
      },
      before_contract: { approval: {} },
    });
    expect(text).toContain("2 alarms; 2 gates ask for more");
    const [, beforeCutover = "", beforeContract = ""] = text.split(/\nbefore (?:cutover|contract)\n/);
    expect(beforeCutover.trim().split("\n")).toEqual([
      "alarm: crm-errors: OK",
      "alarm: crm-latency: OK for 5m",
      "metric: p99 of reads: p99 of Latency at most 250, each 1m of the last 5m",
      "metric: errors: 100 * errors / requests at least 1, each 1m of the last 1h",
      "predicate: quiet: NOT EXISTS (SELECT FROM crm.jobs)",
      "divergence: 0.1 % of rows at most",
      "hold: all of it for 10m without a break",
      "approval: by another person than who starts the run, within 2d",
      "timeout: 2h on hold, the approval aside; then the run is paused",
    ]);
    expect(beforeContract.trim().split("\n")).toEqual([
      "alarm: crm-errors: OK",
      "approval: by a person, within 3d",
      "timeout: 30m on hold, the approval aside; then the run is rolled back",
    ]);
  });

  it.each<[string, NonNullable<MigrationInput["gates"]>]>([
    ["a time of its own", { before_soak: { timeout: "1h" } }],
    ["a pause", { before_soak: { on_fail: "pause" } }],
    ["an alarm that must have been OK for a while", { before_soak: { alarms: { names: ["crm-errors"] } } }],
    ["an alarm of its own", { before_soak: { alarms: { names: ["other"], ok_for: "0s" } } }],
    ["a soak", { before_soak: { hold: "1m" } }],
  ])("shows the one gate that has %s", (_, gates) => {
    const text = alarmsAndGates({ alarms: ["crm-errors"], ...gates });
    expect(text).toContain("; 1 gate asks for more");
    expect(text.match(/^(before|between) .*/gm)).toEqual(["before soak"]);
  });

  it("takes a gate that is declared and asks for nothing for none", () => {
    expect(alarmsAndGates({ alarms: ["crm-errors"], before_soak: {} })).toContain("no gate asks for more");
  });
});
