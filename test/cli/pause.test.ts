import { beforeEach, describe, expect, it } from "vitest";
import { BEN, OperatedStack, runRecord } from "./operated-stack.ts";
import { testCli } from "./test-cli.ts";

let stack: OperatedStack;

beforeEach(async () => {
  stack = new OperatedStack();
  await stack.registry.acquireTableLocks(runRecord("friday", { phase: "backfill" }));
});

const sluice: ReturnType<typeof testCli> = (...args) =>
  testCli({ clock: stack.clock, services: stack.services() })(...args);

describe("sluice pause", () => {
  it("pauses the run in the caller's name, and says how it goes on", async () => {
    const { code, out } = await sluice("pause", "friday", "--reason", "the quarter is being closed");
    expect(code).toBe(0);
    expect(out).toBe('✓ Run "friday" is paused in phase backfill. To let it go on: sluice resume friday\n');
    expect((await stack.registry.run("friday"))?.paused).toEqual({
      by: BEN,
      at: "2026-01-05T09:00:00.000Z",
      reason: "the quarter is being closed",
    });
  });

  it("is refused where the run is paused already, with who did and why", async () => {
    await sluice("pause", "friday", "--reason", "first");
    const { code, err } = await sluice("pause", "friday", "--reason", "second");
    expect(code).toBe(3);
    expect(err).toBe(
      `✗ run "friday"\n  is paused already, by ${BEN} since 2026-01-05T09:00:00.000Z: first\n` +
        "  → It stays so until sluice resume\n",
    );
  });

  it("is refused in contract, where there is no way back", async () => {
    await stack.registry.acquireTableLocks(runRecord("late", { phase: "contract" }));
    const { code, err } = await sluice("pause", "late", "--reason", "wait");
    expect(code).toBe(3);
    expect(err).toContain('✗ run "late"\n  is in contract: the old shape is being removed');
  });

  it("ends with 4 for a run that is not there", async () => {
    expect((await sluice("pause", "nobody", "--reason", "wait")).code).toBe(4);
  });
});

describe("sluice resume", () => {
  it("ends the pause and wakes the run", async () => {
    await sluice("pause", "friday", "--reason", "closing");
    await stack.callbacks.keep("friday", "token");
    const { code, out } = await sluice("resume", "friday");
    expect(code).toBe(0);
    expect(out).toBe('✓ Run "friday" goes on in phase backfill\n');
    expect((await stack.registry.run("friday"))?.paused).toBeUndefined();
    expect(stack.callbacks.woken).toEqual(["token"]);
  });

  it("gives a script who resumed it", async () => {
    await sluice("pause", "friday", "--reason", "closing");
    const { out } = await sluice("resume", "friday", "--json");
    expect(JSON.parse(out)).toMatchObject({ run: "friday", by: BEN, at: "2026-01-05T09:00:00.000Z" });
  });

  it("is refused where the run is not paused", async () => {
    const { code, err } = await sluice("resume", "friday");
    expect(code).toBe(3);
    expect(err).toBe(
      '✗ run "friday"\n  is not paused; it is in phase backfill\n  → See where it stands: sluice status friday\n',
    );
  });
});
