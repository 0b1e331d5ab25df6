import { describe, expect, it } from "vitest";
import { NotFound } from "../../core/errors.ts";
import type { Approval, Approvals, Decision } from "../../core/ports.ts";

export function approval(changes: Partial<Approval> = {}): Approval {
  return {
    runId: "a",
    gate: "before_cutover",
    planHash: "0".repeat(64),
    requestedAt: "2026-01-05T09:00:00.000Z",
    deadline: "2026-01-05T10:00:00.000Z",
    selfApproval: false,
    ...changes,
  };
}

const YES: Decision = {
  answer: "approved",
  by: "arn:aws:iam::000000000000:user/ann",
  at: "2026-01-05T09:30:00.000Z",
  reason: "looked at the proof",
};
const NO: Decision = { ...YES, answer: "rejected", by: "arn:aws:iam::000000000000:user/bob" };

/** What every adapter of {@link Approvals} does. `harness` gives an empty one. */
export function approvalsContract(name: string, harness: () => Promise<Approvals>): void {
  describe(`approvals: ${name}`, () => {
    it("asks once, and keeps the first question", async () => {
      const approvals = await harness();
      expect(await approvals.find("a", "before_cutover")).toBeUndefined();
      expect(await approvals.request(approval())).toEqual(approval());
      expect(await approvals.request(approval({ deadline: "2027-01-01T00:00:00.000Z" }))).toEqual(approval());
      expect(await approvals.find("a", "before_cutover")).toEqual(approval());
      expect(await approvals.find("a", "before_contract")).toBeUndefined();
      expect(await approvals.find("b", "before_cutover")).toBeUndefined();
    });

    it("asks anew where nobody decided in time, and not where somebody did", async () => {
      const approvals = await harness();
      const again = approval({ requestedAt: "2026-01-05T10:00:00.001Z", deadline: "2026-01-05T11:00:00.000Z" });
      await approvals.request(approval());
      expect(await approvals.request(again)).toEqual(again);
      expect(await approvals.ofRun("a")).toEqual([again]);
      await approvals.decide("a", "before_cutover", { ...YES, at: "2026-01-05T10:30:00.000Z" });
      const third = approval({ requestedAt: "2026-01-05T12:00:00.000Z", deadline: "2026-01-05T13:00:00.000Z" });
      expect(await approvals.request(third)).toMatchObject({ ...again, decision: { answer: "approved" } });
    });

    it("lists what a run asked in the order in which it did", async () => {
      const approvals = await harness();
      const late = approval({ gate: "before_expand", requestedAt: "2026-01-05T09:20:00.000Z" });
      const early = approval({ gate: "before_contract", requestedAt: "2026-01-05T09:10:00.000Z" });
      await approvals.request(late);
      await approvals.request(early);
      await approvals.request(approval({ runId: "a#b" }));
      expect(await approvals.ofRun("a")).toEqual([early, late]);
      expect(await approvals.ofRun("c")).toEqual([]);
    });

    it("keeps the first decision", async () => {
      const approvals = await harness();
      await approvals.request(approval());
      expect(await approvals.decide("a", "before_cutover", YES)).toEqual(approval({ decision: YES }));
      expect(await approvals.decide("a", "before_cutover", NO)).toEqual(approval({ decision: YES }));
      expect(await approvals.find("a", "before_cutover")).toEqual(approval({ decision: YES }));
      expect(await approvals.request(approval())).toEqual(approval({ decision: YES }));
    });

    it("takes a decision up to the deadline and none after it", async () => {
      const approvals = await harness();
      await approvals.request(approval());
      const late = { ...YES, at: "2026-01-05T10:00:00.001Z" };
      expect(await approvals.decide("a", "before_cutover", late)).toEqual(approval());
      const inTime = { ...YES, at: "2026-01-05T10:00:00.000Z" };
      expect(await approvals.decide("a", "before_cutover", inTime)).toEqual(approval({ decision: inTime }));
    });

    it("decides nothing that was not asked", async () => {
      const approvals = await harness();
      await expect(approvals.decide("a", "before_cutover", YES)).rejects.toThrow(NotFound);
    });

    it("lets one of many ask, and one of many decide", async () => {
      const approvals = await harness();
      const deadlines = Array.from({ length: 20 }, (_, index) => `2026-01-05T10:00:00.${String(100 + index)}Z`);
      const asked = await Promise.all(deadlines.map((deadline) => approvals.request(approval({ deadline }))));
      expect(new Set(asked.map(({ deadline }) => deadline)).size).toBe(1);
      const people = Array.from({ length: 20 }, (_, index) => ({ ...(index % 2 ? YES : NO), by: `p${String(index)}` }));
      const decided = await Promise.all(people.map((one) => approvals.decide("a", "before_cutover", one)));
      const winner = (await approvals.find("a", "before_cutover"))?.decision;
      expect(people).toContainEqual(winner);
      expect(new Set(decided.map(({ decision }) => decision?.by))).toEqual(new Set([winner?.by]));
    });
  });
}
