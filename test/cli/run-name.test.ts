import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { requireRunName, retryName, rollbackName, runName } from "../../cli/run-name.ts";

const NOW = new Date("2026-01-31T10:15:02.345Z");

describe("the name of a run", () => {
  it("is the migration's name and the time in UTC", () => {
    expect(runName("lead-source", NOW)).toBe("lead-source-20260131T101502");
  });

  it("leaves room for the name of its rollback, for any migration", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z][a-z0-9-]{0,62}$/), (migration) => {
        const run = requireRunName(runName(migration, NOW));
        expect(rollbackName(run)).toBe(`rollback-${run}`);
        expect(rollbackName(run).length).toBeLessThanOrEqual(80);
        expect(retryName(run, NOW).length).toBeLessThanOrEqual(80);
        expect(retryName(run, NOW)).toMatch(/-20260131T101502$/);
      }),
    );
  });
});
