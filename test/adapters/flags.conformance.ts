import { describe, expect, it } from "vitest";
import { NotFound, ServiceUnavailable } from "../../core/errors.ts";
import { type FlagState, NOBODY, OLD_PATH } from "../../core/flag.ts";
import type { Flags } from "../../core/ports.ts";

export interface FlagsHarness {
  readonly flags: Flags;
  /** A migration whose flag is there and was never deployed. Its stepwise deployments stay in flight. */
  readonly migration: string;
  /** Names of the alarms for which a deployment in flight is taken back, in order. */
  guards(): Promise<readonly string[]>;
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
      await expect(flags.deployNow("no-such-migration", TENTH)).rejects.toThrow(/no-such-migration/);
    });

    it("serves nothing before the first deployment", async () => {
      const { flags, migration } = await harness();
      expect(await flags.deployed(migration)).toBe(false);
      expect(await flags.current(migration)).toBeUndefined();
      expect(await flags.inFlight(migration)).toBe(false);
    });

    it("serves what a deployment at once brought, lists and all", async () => {
      const { flags, migration } = await harness();
      const deployment = await flags.deployNow(migration, HALF);
      expect(await flags.deployment(migration, deployment)).toBe("complete");
      expect(await flags.deployed(migration)).toBe(true);
      expect(await flags.inFlight(migration)).toBe(false);
      expect(await flags.current(migration)).toEqual(HALF);
    });

    it("returns the number of the deployment that serves the state already", async () => {
      const { flags, migration } = await harness();
      const first = await flags.deployNow(migration, HALF);
      expect(await flags.deployNow(migration, HALF)).toBe(first);
      expect(await flags.deploy(migration, HALF, [])).toBe(first);
      expect(await flags.deployNow(migration, TENTH)).toBeGreaterThan(first);
    });

    it("goes on serving the old state while a stepwise deployment is in flight", async () => {
      const { flags, migration } = await harness();
      await flags.deployNow(migration, TENTH);
      const deployment = await flags.deploy(migration, HALF, []);
      expect(await flags.deployment(migration, deployment)).toBe("deploying");
      expect(await flags.current(migration)).toEqual(TENTH);
      expect(await flags.inFlight(migration)).toBe(true);
      expect(await flags.deploy(migration, HALF, [])).toBe(deployment);
    });

    it("holds a stepwise deployment back while another is in flight", async () => {
      const { flags, migration } = await harness();
      const first = await flags.deploy(migration, TENTH, []);
      await expect(flags.deploy(migration, HALF, [])).rejects.toThrow(ServiceUnavailable);
      expect(await flags.deployment(migration, first)).toBe("deploying");
    });

    it("stops a deployment in flight for one at once", async () => {
      const { flags, migration } = await harness();
      await flags.deployNow(migration, TENTH);
      const widening = await flags.deploy(migration, HALF, []);
      const back = await flags.deployNow(migration, OLD_PATH);
      expect(await flags.deployment(migration, widening)).toBe("reverted");
      expect(await flags.deployment(migration, back)).toBe("complete");
      expect(await flags.current(migration)).toEqual(OLD_PATH);
      expect(await flags.deployNow(migration, OLD_PATH)).toBe(back);
    });

    it("deploys a state again that was reverted", async () => {
      const { flags, migration } = await harness();
      const first = await flags.deploy(migration, HALF, []);
      await flags.deployNow(migration, OLD_PATH);
      const second = await flags.deployNow(migration, HALF);
      expect(second).toBeGreaterThan(first);
      expect(await flags.current(migration)).toEqual(HALF);
    });

    it("guards a step with the alarms that it is given, the first five of them, in their order", async () => {
      const { flags, migration, guards } = await harness();
      expect(await guards()).toEqual([]);
      await flags.deploy(migration, TENTH, ["latency", "errors"]);
      expect(await guards()).toEqual(["latency", "errors"]);
      await flags.deployNow(migration, OLD_PATH);
      await flags.deploy(migration, HALF, ["a", "b", "c", "d", "e", "f"]);
      expect(await guards()).toEqual(["a", "b", "c", "d", "e"]);
    });

    it("guards a step with no alarm of an earlier one", async () => {
      const { flags, migration, guards } = await harness();
      await flags.deploy(migration, TENTH, ["latency"]);
      await flags.deployNow(migration, TENTH);
      await flags.deployNow(migration, HALF);
      await flags.deploy(migration, TENTH, []);
      expect(await guards()).toEqual([]);
    });

    it("guards nothing that is deployed at once, what serves or comes already least of all", async () => {
      const { flags, migration, guards } = await harness();
      const step = await flags.deploy(migration, HALF, ["latency"]);
      expect(await flags.deployNow(migration, HALF)).toBe(step);
      expect(await guards()).toEqual([]);
    });

    it("leaves the guard of a deployment in flight alone where it is asked for another", async () => {
      const { flags, migration, guards } = await harness();
      await flags.deploy(migration, TENTH, ["latency"]);
      await expect(flags.deploy(migration, HALF, ["errors"])).rejects.toThrow(ServiceUnavailable);
      expect(await guards()).toEqual(["latency"]);
    });
  });
}
