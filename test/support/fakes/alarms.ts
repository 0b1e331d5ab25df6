import type { AlarmReading, Alarms, AlarmState } from "../../../core/ports.ts";

export class FakeAlarms implements Alarms {
  readonly #readings = new Map<string, AlarmReading>();

  constructor(states: Readonly<Record<string, AlarmState>> = {}) {
    for (const [name, state] of Object.entries(states)) this.set(name, state);
  }

  /** @param since null for an alarm of which CloudWatch does not say since when it is in its state. */
  set(name: string, state: AlarmState, since: Date | null = new Date()): void {
    this.#readings.set(name, { state, ...(state !== "missing" && since !== null && { since }) });
  }

  states(names: readonly string[]): Promise<ReadonlyMap<string, AlarmReading>> {
    return Promise.resolve(new Map(names.map((name) => [name, this.#readings.get(name) ?? { state: "missing" }])));
  }
}
