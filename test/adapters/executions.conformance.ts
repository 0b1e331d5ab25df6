import { describe, expect, it } from "vitest";
import type { Executions } from "../../core/ports.ts";

export interface ExecutionsHarness {
  readonly executions: Executions;
  /** ARN of an execution that goes on until it is stopped. */
  readonly running: string;
  /** ARN of an execution that has succeeded. */
  readonly succeeded: string;
  /** ARN of an execution that never was. */
  readonly missing: string;
  /** Lets an execution fail that is under way. */
  fail(executionArn: string): Promise<void>;
}

const REASON = { error: "RunRolledBack", cause: "the alarm fired" };

/** What every adapter of {@link Executions} does. */
export function executionsContract(name: string, harness: () => Promise<ExecutionsHarness>): void {
  describe(`executions: ${name}`, () => {
    it("reports how an execution stands", async () => {
      const { executions, running, succeeded, missing } = await harness();
      expect(await executions.status(running)).toBe("RUNNING");
      expect(await executions.status(succeeded)).toBe("SUCCEEDED");
      expect(await executions.status(missing)).toBe("missing");
    });

    it("stops a running execution, once and again", async () => {
      const { executions, running } = await harness();
      await executions.stop(running, REASON);
      expect(await executions.status(running)).toBe("ABORTED");
      await executions.stop(running, REASON);
      expect(await executions.status(running)).toBe("ABORTED");
    });

    it("starts a run under its name, and says where that is taken", async () => {
      const { executions } = await harness();
      const started = await executions.startRun("friday", "contact-channel");
      expect(started).toMatch(/:friday$/);
      expect(await executions.status(started ?? "")).toBe("RUNNING");
      expect(await executions.startRun("friday", "another-migration")).toBeUndefined();
    });

    it("starts one rollback a run, whatever the reasons and however many ask at once", async () => {
      const { executions } = await harness();
      const asked = Array.from({ length: 10 }, (_, n) =>
        executions.startRollback({ run: "friday", reason: `alarm ${String(n)} fired` }),
      );
      const started = new Set(await Promise.all(asked));
      expect([...started]).toEqual([expect.stringMatching(/:rollback-friday$/)]);
      expect(await executions.startRollback({ run: "monday", reason: "alarm fired" })).toMatch(/:rollback-monday$/);
    });

    it("starts one further rollback where the first has failed, and again one where that has", async () => {
      const { executions, fail } = await harness();
      const ask = () =>
        Promise.all([1, 2, 3, 4].map(() => executions.startRollback({ run: "friday", reason: "again" })));
      const [first = ""] = await ask();
      await fail(first);
      const seconds = await ask();
      expect(new Set(seconds).size).toBe(1);
      expect(seconds[0]).not.toBe(first);
      expect(await executions.status(seconds[0] ?? "")).toBe("RUNNING");
      await fail(seconds[0] ?? "");
      expect([first, seconds[0]]).not.toContain(await executions.startRollback({ run: "friday", reason: "again" }));
    });

    it("does not take the second rollback of one run for the first of another", async () => {
      const { executions, fail } = await harness();
      await fail(await executions.startRollback({ run: "friday", reason: "alarm fired" }));
      const second = await executions.startRollback({ run: "friday", reason: "alarm fired" });
      expect(await executions.startRollback({ run: "friday-2", reason: "alarm fired" })).not.toBe(second);
    });

    it("finds room for a further rollback of the longest name that a run may have", async () => {
      const { executions, fail } = await harness();
      const run = "r".repeat(71);
      for (let attempt = 1; attempt <= 3; attempt++) {
        const arn = await executions.startRollback({ run, reason: "alarm fired" });
        expect((arn.split(":").at(-1) ?? "").length).toBeLessThanOrEqual(80);
        await fail(arn);
      }
    });

    it("leaves an execution alone that is not running", async () => {
      const { executions, succeeded, missing } = await harness();
      await executions.stop(succeeded, REASON);
      await executions.stop(missing, REASON);
      expect(await executions.status(succeeded)).toBe("SUCCEEDED");
    });
  });
}
