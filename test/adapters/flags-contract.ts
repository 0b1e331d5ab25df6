import { describe, expect, it } from "vitest";
import { NotFound, ServiceUnavailable } from "../../core/errors.ts";
import { type FlagState, NOBODY, OLD_PATH } from "../../core/flag.ts";
import type { Flags } from "../../core/ports.ts";

export interface FlagsHarness {
  readonly flags: Flags;
  /** A migration whose flag is there and was never deployed. Its stepwise deployments stay in flight. */
  readonly migration: string;
}

const TENTH: FlagState = { read: { percent: 10, tenants: [], regions: [] }, write: NOBODY };
const HALF: FlagState = {
  read: { percent: 50.5, tenants: ["acme", "Ünïted “quotes”"], regions: ["eu"] },
  write: { percent: 0, tenants: ["acme"], regions: [] },
};

/** What every adapter of {@link Flags} does. */
export function flagsContract(name: string, harness: () => Promise<FlagsHarness>): void {
  describe(`flags: ${name}`, () => {
    it("knows which migration has a flag", async () => {
      const { flags, migration } = await harness();
      expect(await flags.exists(migration)).toBe(true);
      expect(await flags.exists("no-such-migration")).toBe(false);
    });

    it("refuses a migration without a flag by its name", async () => {
      const { flags } = await harness();
      await expect(flags.current("no-such-migration")).rejects.toThrow(NotFound);
      await expect(flags.deploy("no-such-migration", TENTH, "immediate")).rejects.toThrow(/no-such-migration/);
    });

    it("serves nothing before the first deployment", async () => {
      const { flags, migration } = await harness();
      expect(await flags.deployed(migration)).toBe(false);
      expect(await flags.current(migration)).toBeUndefined();
      expect(await flags.inFlight(migration)).toBe(false);
    });

    it("serves what an immediate deployment brought, lists and all", async () => {
      const { flags, migration } = await harness();
      const deployment = await flags.deploy(migration, HALF, "immediate");
      expect(await flags.deployment(migration, deployment)).toBe("complete");
      expect(await flags.deployed(migration)).toBe(true);
      expect(await flags.inFlight(migration)).toBe(false);
      expect(await flags.current(migration)).toEqual(HALF);
    });

    it("returns the number of the deployment that serves the state already", async () => {
      const { flags, migration } = await harness();
      const first = await flags.deploy(migration, HALF, "immediate");
      expect(await flags.deploy(migration, HALF, "immediate")).toBe(first);
      expect(await flags.deploy(migration, HALF, "stepwise")).toBe(first);
      expect(await flags.deploy(migration, TENTH, "immediate")).toBeGreaterThan(first);
    });

    it("goes on serving the old state while a stepwise deployment is in flight", async () => {
      const { flags, migration } = await harness();
      await flags.deploy(migration, TENTH, "immediate");
      const deployment = await flags.deploy(migration, HALF, "stepwise");
      expect(await flags.deployment(migration, deployment)).toBe("deploying");
      expect(await flags.current(migration)).toEqual(TENTH);
      expect(await flags.inFlight(migration)).toBe(true);
      expect(await flags.deploy(migration, HALF, "stepwise")).toBe(deployment);
    });

    it("holds a stepwise deployment back while another is in flight", async () => {
      const { flags, migration } = await harness();
      const first = await flags.deploy(migration, TENTH, "stepwise");
      await expect(flags.deploy(migration, HALF, "stepwise")).rejects.toThrow(ServiceUnavailable);
      expect(await flags.deployment(migration, first)).toBe("deploying");
    });

    it("stops a deployment in flight for an immediate one", async () => {
      const { flags, migration } = await harness();
      await flags.deploy(migration, TENTH, "immediate");
      const widening = await flags.deploy(migration, HALF, "stepwise");
      const back = await flags.deploy(migration, OLD_PATH, "immediate");
      expect(await flags.deployment(migration, widening)).toBe("reverted");
      expect(await flags.deployment(migration, back)).toBe("complete");
      expect(await flags.current(migration)).toEqual(OLD_PATH);
      expect(await flags.deploy(migration, OLD_PATH, "immediate")).toBe(back);
    });

    it("deploys a state again that was reverted", async () => {
      const { flags, migration } = await harness();
      const first = await flags.deploy(migration, HALF, "stepwise");
      await flags.deploy(migration, OLD_PATH, "immediate");
      const second = await flags.deploy(migration, HALF, "immediate");
      expect(second).toBeGreaterThan(first);
      expect(await flags.current(migration)).toEqual(HALF);
    });
  });
}
