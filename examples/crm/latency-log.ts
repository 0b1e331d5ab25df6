import { Histogram } from "./histogram.ts";

/** One second, or any other stretch of time. Latencies in milliseconds. */
export interface LatencySummary {
  readonly requests: number;
  readonly errors: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** Requests and their latencies (histogram in microseconds) over one stretch of time. */
export class LatencyWindow {
  readonly latency = new Histogram();
  errors = 0;

  get summary(): LatencySummary {
    const { latency, errors } = this;
    return {
      requests: latency.count,
      errors,
      p50: latency.percentile(50) / 1_000,
      p99: latency.percentile(99) / 1_000,
      max: latency.max / 1_000,
    };
  }

  record(microseconds: number, ok: boolean): void {
    this.latency.record(microseconds);
    if (!ok) this.errors += 1;
  }

  add(other: LatencyWindow): void {
    this.latency.add(other.latency);
    this.errors += other.errors;
  }
}

/** Latencies by second, by phase, and since they were last published. An error counts with the time that it took. */
export class LatencyLog {
  readonly #phases = new Map<string, LatencyWindow>();
  readonly #seconds: LatencySummary[] = [];
  #phase = new LatencyWindow();
  #second = new LatencyWindow();
  #unpublished = new LatencyWindow();

  constructor(phase: string) {
    this.enterPhase(phase);
  }

  /** From now on requests count for `phase`; coming back to a phase continues it. */
  enterPhase(phase: string): void {
    this.#phase = this.#phases.get(phase) ?? new LatencyWindow();
    this.#phases.set(phase, this.#phase);
  }

  record(microseconds: number, ok: boolean): void {
    for (const window of [this.#phase, this.#second, this.#unpublished]) window.record(microseconds, ok);
  }

  /** Closes the second; to be called once a second. */
  tick(): void {
    this.#seconds.push(this.#second.summary);
    this.#second = new LatencyWindow();
  }

  /** The closed seconds, oldest first. */
  get seconds(): readonly LatencySummary[] {
    return this.#seconds;
  }

  /** One summary over these phases together; those that never came count as empty. */
  summary(phases: readonly string[] = [...this.#phases.keys()]): LatencySummary {
    const total = new LatencyWindow();
    for (const phase of phases) total.add(this.#phases.get(phase) ?? new LatencyWindow());
    return total.summary;
  }

  get phases(): readonly string[] {
    return [...this.#phases.keys()];
  }

  /** What came since the last call. */
  takeUnpublished(): LatencyWindow {
    const window = this.#unpublished;
    this.#unpublished = new LatencyWindow();
    return window;
  }
}
