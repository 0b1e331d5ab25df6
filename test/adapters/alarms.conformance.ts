import { describe, expect, it } from "vitest";
import type { Alarms, AlarmState } from "../../core/ports.ts";

export interface AlarmsHarness {
  readonly alarms: Alarms;
  /** Makes an alarm of this name and state. */
  put(name: string, state: Exclude<AlarmState, "missing">): Promise<void>;
}

/** What every adapter of {@link Alarms} does. */
export function alarmsContract(name: string, harness: () => Promise<AlarmsHarness>): void {
  describe(`alarms: ${name}`, () => {
    it("reports each alarm in its present state, and the one that is not there as missing", async () => {
      const { alarms, put } = await harness();
      await put("fine", "OK");
      await put("loud", "ALARM");
      await put("dumb", "INSUFFICIENT_DATA");
      const since = expect.any(Date) as Date;
      expect(Object.fromEntries(await alarms.states(["fine", "loud", "dumb", "gone"]))).toEqual({
        fine: { state: "OK", since },
        loud: { state: "ALARM", since },
        dumb: { state: "INSUFFICIENT_DATA", since },
        gone: { state: "missing" },
      });
    });

    it("reports nothing but what it was asked for", async () => {
      const { alarms, put } = await harness();
      await put("fine", "OK");
      expect((await alarms.states([])).size).toBe(0);
      expect([...(await alarms.states(["other", "other"])).keys()]).toEqual(["other"]);
    });

    it("follows an alarm as it changes", async () => {
      const { alarms, put } = await harness();
      await put("fine", "OK");
      expect((await alarms.states(["fine"])).get("fine")?.state).toBe("OK");
      await put("fine", "ALARM");
      expect((await alarms.states(["fine"])).get("fine")?.state).toBe("ALARM");
    });
  });
}
