import { describe, expect, it } from "vitest";
import { SystemClock } from "../../adapters/clock.ts";
import type { Clock } from "../../core/ports.ts";
import { FakeClock } from "../support/fakes.ts";

function clockContract(name: string, clock: () => Clock): void {
  describe(`clock: ${name}`, () => {
    it("is later after a sleep, by at least as long as was slept", async () => {
      const subject = clock();
      const before = subject.now().getTime();
      await subject.sleep(20);
      // A timer may fire within the millisecond before its time.
      expect(subject.now().getTime() - before).toBeGreaterThanOrEqual(19);
    });

    it("gives a moment that does not move on by itself", async () => {
      const subject = clock();
      const moment = subject.now();
      const text = moment.toISOString();
      await subject.sleep(2);
      expect(moment.toISOString()).toBe(text);
    });
  });
}

clockContract("the machine's", () => new SystemClock());
clockContract("in memory", () => new FakeClock());

describe("the clock in memory", () => {
  it("moves by sleeping and by nothing else", async () => {
    const clock = new FakeClock("2026-01-05T09:00:00.000Z");
    await clock.sleep(90_000);
    clock.advance(1_000);
    expect(clock.now().toISOString()).toBe("2026-01-05T09:01:31.000Z");
    expect(clock.slept).toEqual([90_000]);
  });
});
