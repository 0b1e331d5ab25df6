import { describe, expect, it } from "vitest";
import { CallerUnknown } from "../../core/errors.ts";
import type { CallerProof, Callers } from "../../core/ports.ts";

export interface CallersHarness {
  readonly callers: Callers;
  /** Two people: their ARNs, and how they prove who they are. */
  readonly people: readonly [Person, Person];
}

export interface Person {
  readonly arn: string;
  readonly prove: (purpose: string) => Promise<CallerProof>;
}

/** What every adapter of {@link Callers} does. */
export function callersContract(name: string, harness: () => Promise<CallersHarness>): void {
  describe(`callers: ${name}`, () => {
    it("tells one person from another by what they prove", async () => {
      const { callers, people } = await harness();
      for (const { arn, prove } of people) {
        expect(await callers.identify(await prove("approve run a"), "approve run a")).toBe(arn);
      }
      expect(people[0].arn).not.toBe(people[1].arn);
    });

    it("takes a proof for just the purpose that it was made for", async () => {
      const { callers, people } = await harness();
      const proof = await people[0].prove("approve run a");
      for (const other of ["approve run b", "reject run a", ""]) {
        await expect(callers.identify(proof, other)).rejects.toThrow(CallerUnknown);
      }
    });
  });
}
