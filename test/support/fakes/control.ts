import type { Control, PhaseChange, RunRecord } from "../../../core/ports.ts";
import { missing } from "./missing.ts";

export class FakeControl implements Control {
  readonly #runs = new Map<string, RunRecord>();
  /** Who holds a table, by run id. */
  readonly #holders = new Map<string, string>();

  async register(run: RunRecord): Promise<RunRecord | undefined> {
    return Promise.resolve(this.#claim(run, undefined));
  }

  async takeOver(run: RunRecord, from: string): Promise<RunRecord | undefined> {
    return Promise.resolve(this.#claim(run, from));
  }

  #claim(run: RunRecord, from: string | undefined): RunRecord | undefined {
    const holder = this.#holders.get(run.table);
    if (holder !== undefined && holder !== run.runId && (holder !== from || this.#runs.has(run.runId))) {
      return this.#runs.get(holder);
    }
    if (!this.#runs.has(run.runId)) {
      this.#runs.set(run.runId, run);
      this.#holders.set(run.table, run.runId);
    }
    return undefined;
  }

  release(runId: string): Promise<void> {
    const table = this.#runs.get(runId)?.table;
    if (table !== undefined && this.#holders.get(table) === runId) this.#holders.delete(table);
    return Promise.resolve();
  }

  run(runId: string): Promise<RunRecord | undefined> {
    return Promise.resolve(this.#runs.get(runId));
  }

  holder(table: string): Promise<RunRecord | undefined> {
    return Promise.resolve(this.#runs.get(this.#holders.get(table) ?? ""));
  }

  runs(limit: number): Promise<readonly RunRecord[]> {
    const newestFirst = [...this.#runs.values()].sort((a, b) =>
      `${a.startedAt} ${a.runId}` < `${b.startedAt} ${b.runId}` ? 1 : -1,
    );
    return Promise.resolve(newestFirst.slice(0, limit));
  }

  transition(change: PhaseChange): Promise<RunRecord> {
    return Promise.resolve().then(() => this.#compareAndSet(change));
  }

  /** Without a pause between the look and the change, as in the database. */
  #compareAndSet(change: PhaseChange): RunRecord {
    const run = this.#runs.get(change.runId);
    if (run === undefined) throw missing(`run "${change.runId}"`);
    if (!change.from.includes(run.phase)) return run;
    const reason = change.reason === undefined ? {} : { reason: change.reason };
    const moved: RunRecord = { ...run, phase: change.to, updatedAt: change.at, ...reason };
    this.#runs.set(change.runId, moved);
    return moved;
  }
}
