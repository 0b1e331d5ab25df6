import { describe, expect, it } from "vitest";
import type { Callbacks } from "../../core/ports.ts";

export interface StandbysHarness {
  readonly callbacks: Callbacks;
  /** Begins to wait somewhere; says the token. */
  readonly wait: () => Promise<string>;
  /** Whether that wait has come to an end. */
  readonly isOver: (token: string) => Promise<boolean>;
}

const LATER = new Date("2027-01-01T00:00:00Z");

/** What every adapter of {@link Callbacks} does. */
export function standbysContract(name: string, harness: () => Promise<StandbysHarness>): void {
  describe(`callbacks: ${name}`, () => {
    it("ends the wait of just the run that is woken", async () => {
      const { callbacks, wait, isOver } = await harness();
      const [a, b] = [await wait(), await wait()];
      await callbacks.keep("a", a, LATER);
      await callbacks.keep("b", b, LATER);
      await callbacks.wake("a");
      expect(await isOver(a)).toBe(true);
      expect(await isOver(b)).toBe(false);
    });

    it("may be asked to wake a run again, and one that never stood by", async () => {
      const { callbacks, wait, isOver } = await harness();
      const token = await wait();
      await callbacks.keep("a", token, LATER);
      await Promise.all([callbacks.wake("a"), callbacks.wake("a"), callbacks.wake("b")]);
      await callbacks.wake("a");
      expect(await isOver(token)).toBe(true);
    });

    it("keeps the newest token of a run", async () => {
      const { callbacks, wait, isOver } = await harness();
      const [first, second] = [await wait(), await wait()];
      await callbacks.keep("a", first, LATER);
      await callbacks.keep("a", second, LATER);
      await callbacks.wake("a");
      expect([await isOver(first), await isOver(second)]).toEqual([false, true]);
    });
  });
}
