import { describe, expect, it } from "vitest";
import { enters, PHASES, REVERSIBLE } from "../../../core/plan/phases.ts";

describe("the phases of a run", () => {
  it("are entered from the one before and from themselves, since every step may be repeated", () => {
    expect(enters("preflight")).toEqual(["preflight"]);
    expect(enters("expand")).toEqual(["preflight", "expand"]);
    expect(enters("backfill")).toEqual(["expand", "backfill"]);
    expect(enters("validate")).toEqual(["backfill", "validate"]);
    expect(enters("cutover")).toEqual(["validate", "cutover"]);
    expect(enters("soak")).toEqual(["cutover", "soak"]);
    expect(enters("cooling")).toEqual(["soak", "cooling"]);
    expect(enters("contract")).toEqual(["cooling", "contract"]);
    expect(enters("done")).toEqual(["contract", "done"]);
  });

  it("never lead on from a rollback but to its undo, nor back from a run that is done", () => {
    for (const phase of PHASES) {
      if (phase === "rolled-back" || phase === "undoing" || phase === "undone") continue;
      expect(enters(phase)).not.toContain("rolled-back");
      if (phase !== "done") expect(enters(phase)).not.toContain("done");
    }
  });

  it("are reversible exactly until contract begins", () => {
    expect([...REVERSIBLE]).toEqual(PHASES.slice(0, PHASES.indexOf("contract")));
  });
});
