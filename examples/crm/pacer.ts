const TICK_MS = 5;

/**
 * Starts requests at a fixed rate, whether or not earlier ones have come back. `start` gets the time (of
 * `performance.now()`) at which the tick was due: a latency measured from there includes the time that a stalled
 * process kept the request waiting, which a measurement from the call would leave out (coordinated omission).
 */
export class Pacer {
  #timer: NodeJS.Timeout | undefined;
  #began = 0;
  #ticks = 0;
  #started = 0;

  constructor(
    private readonly perSecond: number,
    private readonly start: (due: number) => void,
  ) {}

  run(): void {
    this.#began = performance.now();
    this.#ticks = 0;
    this.#started = 0;
    this.#schedule();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #schedule(): void {
    const delay = this.#began + (this.#ticks + 1) * TICK_MS - performance.now();
    this.#timer = setTimeout(() => {
      this.#tick();
    }, delay);
  }

  #tick(): void {
    this.#ticks += 1;
    const elapsed = this.#ticks * TICK_MS;
    const due = Math.floor((elapsed * this.perSecond) / 1_000);
    for (; this.#started < due; this.#started += 1) this.start(this.#began + elapsed);
    if (this.#timer !== undefined) this.#schedule();
  }
}
