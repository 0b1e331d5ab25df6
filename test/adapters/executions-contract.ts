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

    it("leaves an execution alone that is not running", async () => {
      const { executions, succeeded, missing } = await harness();
      await executions.stop(succeeded, REASON);
      await executions.stop(missing, REASON);
      expect(await executions.status(succeeded)).toBe("SUCCEEDED");
    });
  });
}
