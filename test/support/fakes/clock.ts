import type { Clock } from "../../../core/ports.ts";

/** Time passes by sleeping, and by nothing else. */
export class FakeClock implements Clock {
  #now: number;
  /** Every sleep so far, in milliseconds. */
  readonly slept: number[] = [];

  constructor(start = "2026-01-05T09:00:00.000Z") {
    this.#now = Date.parse(start);
  }

  now(): Date {
    return new Date(this.#now);
  }

  sleep(milliseconds: number): Promise<void> {
    this.slept.push(milliseconds);
    this.advance(milliseconds);
    return Promise.resolve();
  }

  advance(milliseconds: number): void {
    this.#now += milliseconds;
  }
}
