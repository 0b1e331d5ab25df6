import { describe, expect, it } from "vitest";
import { PlanUnreadable } from "../../core/errors.ts";
import { canonicalHash } from "../../core/plan/canonical.ts";
import { type Plan, PLAN_FORMAT } from "../../core/plan/plan.ts";
import type { PlanStore } from "../../core/ports.ts";

export interface PlanStoreHarness {
  readonly store: PlanStore;
  /** Puts a text in the place of the plan of this hash. */
  damage(hash: string, text: string): Promise<void>;
}

/** A plan as far as a store cares: a body and the hash of it. */
export function plan(description: string, format: number = PLAN_FORMAT): Plan {
  const body = { format, migration: "contact-channel", description, soakSeconds: 60 };
  return { ...body, hash: canonicalHash(body) } as unknown as Plan;
}

/** What every adapter of {@link PlanStore} does. */
export function planStoreContract(name: string, harness: () => Promise<PlanStoreHarness>): void {
  describe(`plan store: ${name}`, () => {
    it("gives back what was put, by its hash", async () => {
      const { store } = await harness();
      const [one, two] = [plan("one, “ünïcode” 🚰"), plan("two")];
      await store.put(one);
      await store.put(two);
      expect(await store.get(one.hash)).toEqual(one);
      expect(await store.get(two.hash)).toEqual(two);
    });

    it("takes a plan again that it has", async () => {
      const { store } = await harness();
      await store.put(plan("one"));
      await store.put(plan("one"));
      expect(await store.get(plan("one").hash)).toEqual(plan("one"));
    });

    it("says which plan is missing", async () => {
      const { store } = await harness();
      const { hash } = plan("never stored");
      await expect(store.get(hash)).rejects.toThrow(PlanUnreadable);
      await expect(store.get(hash)).rejects.toThrow(hash);
      await expect(store.get("../secrets")).rejects.toThrow(PlanUnreadable);
    });

    it("refuses a text that was changed after it was stored", async () => {
      const { store, damage } = await harness();
      const stored = plan("one");
      await store.put(stored);
      await damage(stored.hash, JSON.stringify({ ...stored, soakSeconds: 0 }));
      await expect(store.get(stored.hash)).rejects.toThrow(PlanUnreadable);
      await damage(stored.hash, "not JSON");
      await expect(store.get(stored.hash)).rejects.toThrow(PlanUnreadable);
    });

    it("refuses another plan in the place of this one", async () => {
      const { store, damage } = await harness();
      const stored = plan("one");
      await store.put(stored);
      await damage(stored.hash, JSON.stringify(plan("two")));
      await expect(store.get(stored.hash)).rejects.toThrow(PlanUnreadable);
    });

    it("refuses a plan that another version made", async () => {
      const { store } = await harness();
      const older = plan("one", 1);
      await store.put(older).catch(() => undefined);
      await expect(store.get(older.hash)).rejects.toThrow(PlanUnreadable);
    });

    it("does not store a plan under a hash that is not its own", async () => {
      const { store } = await harness();
      const forged = { ...plan("one"), description: "two" };
      await expect(store.put(forged)).rejects.toThrow(PlanUnreadable);
      await expect(store.get(forged.hash)).rejects.toThrow(PlanUnreadable);
    });
  });
}
