import { describe, expect, it } from "vitest";
import type { Standbys } from "../../core/ports.ts";

export interface StandbysHarness {
  readonly standbys: Standbys;
  /** Begins to wait somewhere; says the token. */
  readonly wait: () => Promise<string>;
  /** Whether that wait has come to an end. */
  readonly isOver: (token: string) => Promise<boolean>;
}

const LATER = new Date("2027-01-01T00:00:00Z");

/** What every adapter of {@link Standbys} does. */
export function standbysContract(name: string, harness: () => Promise<StandbysHarness>): void {
  describe(`standbys: ${name}`, () => {
    it("ends the wait of just the run that is woken", async () => {
      const { standbys, wait, isOver } = await harness();
      const [a, b] = [await wait(), await wait()];
      await standbys.keep("a", a, LATER);
      await standbys.keep("b", b, LATER);
      await standbys.wake("a");
      expect(await isOver(a)).toBe(true);
      expect(await isOver(b)).toBe(false);
    });

    it("may be asked to wake a run again, and one that never stood by", async () => {
      const { standbys, wait, isOver } = await harness();
      const token = await wait();
      await standbys.keep("a", token, LATER);
      await Promise.all([standbys.wake("a"), standbys.wake("a"), standbys.wake("b")]);
      await standbys.wake("a");
      expect(await isOver(token)).toBe(true);
    });

    it("keeps the newest token of a run", async () => {
      const { standbys, wait, isOver } = await harness();
      const [first, second] = [await wait(), await wait()];
      await standbys.keep("a", first, LATER);
      await standbys.keep("a", second, LATER);
      await standbys.wake("a");
      expect([await isOver(first), await isOver(second)]).toEqual([false, true]);
    });
  });
}
