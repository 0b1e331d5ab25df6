import { describe, expect, it } from "vitest";
import type { Notifier } from "../../core/ports.ts";

export interface NotifierHarness {
  readonly notifier: Notifier;
  /** The next message that arrives, or the newest that has. */
  received(): Promise<{ readonly subject: string; readonly body: string }>;
}

/** What every adapter of {@link Notifier} does. */
export function notifierContract(name: string, harness: () => Promise<NotifierHarness>): void {
  describe(`notifier: ${name}`, () => {
    it("delivers a subject and a body", async () => {
      const { notifier, received } = await harness();
      await notifier.notify({ subject: "Rolled back: contact-channel", body: "The alarm fired.\nAll is “well”." });
      expect(await received()).toEqual({
        subject: "Rolled back: contact-channel",
        body: "The alarm fired.\nAll is “well”.",
      });
    });
  });
}
