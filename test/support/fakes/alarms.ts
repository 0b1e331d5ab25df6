import type { Alarms, AlarmState } from "../../../core/ports.ts";

export class FakeAlarms implements Alarms {
  readonly #states = new Map<string, AlarmState>();

  constructor(states: Readonly<Record<string, AlarmState>> = {}) {
    for (const [name, state] of Object.entries(states)) this.set(name, state);
  }

  set(name: string, state: AlarmState): void {
    this.#states.set(name, state);
  }

  states(names: readonly string[]): Promise<ReadonlyMap<string, AlarmState>> {
    return Promise.resolve(new Map(names.map((name) => [name, this.#states.get(name) ?? "missing"])));
  }
}
