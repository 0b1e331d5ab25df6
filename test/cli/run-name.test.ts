import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { requireRunName, runName, undoName } from "../../cli/run-name.ts";
import { rollbackExecutionName } from "../../core/run-name.ts";

const NOW = new Date("2026-01-31T10:15:02.345Z");

describe("the name of a run", () => {
  it("is the migration's name and the time in UTC", () => {
    expect(runName("lead-source", NOW)).toBe("lead-source-20260131T101502");
  });

  it("leaves room for the names of its rollback and of its undo, for any migration", () => {
    fc.assert(
      fc.property(
        fc.stringMatching(/^[a-z][a-z0-9-]{0,62}$/),
        fc.integer({ min: 1, max: 99 }),
        (migration, attempt) => {
          const run = requireRunName(runName(migration, NOW));
          expect(rollbackExecutionName(run, attempt).length).toBeLessThanOrEqual(80);
          expect(undoName(run, attempt).length).toBeLessThanOrEqual(80);
        },
      ),
    );
  });
});

describe("the name of an undo", () => {
  const name = fc.stringMatching(/^[A-Za-z0-9_-]{1,71}$/);
  const attempts = fc.integer({ min: 1, max: 99 });

  it("is of one run and one try alone", () => {
    fc.assert(
      fc.property(name, name, attempts, attempts, (run, other, first, second) => {
        fc.pre(run !== other || first !== second);
        expect(undoName(run, first)).not.toBe(undoName(other, second));
      }),
    );
  });
});
