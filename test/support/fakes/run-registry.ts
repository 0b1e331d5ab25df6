import type { Phase } from "../../../core/plan/phases.ts";
import type { RunRegistry, EndedPause, Pause, PhaseChange, RunRecord } from "../../../core/ports.ts";
import { missing } from "./missing.ts";

export class FakeRunRegistry implements RunRegistry {
  readonly #runs = new Map<string, RunRecord>();
  /** Who holds a table, by run id. */
  readonly #holders = new Map<string, string>();
  /** Tables whose holder has retaken them. */
  readonly #retaken = new Set<string>();
  readonly #starters = new Map<string, string>();

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
      this.#retaken.delete(run.table);
    }
    return undefined;
  }

  retake(runId: string): Promise<RunRecord | undefined> {
    return Promise.resolve().then(() => {
      const { table } = this.#known(runId);
      const holder = this.#holders.get(table);
      if (holder !== undefined && holder !== runId) return this.#runs.get(holder);
      this.#holders.set(table, runId);
      this.#retaken.add(table);
      return undefined;
    });
  }

  giveBack(runId: string): Promise<void> {
    return this.#free(runId, true);
  }

  release(runId: string): Promise<void> {
    return this.#free(runId, false);
  }

  #free(runId: string, retaken: boolean): Promise<void> {
    const table = this.#runs.get(runId)?.table;
    if (table !== undefined && this.#holders.get(table) === runId && this.#retaken.has(table) === retaken) {
      this.#holders.delete(table);
      this.#retaken.delete(table);
    }
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

  runsWatchedBy(alarm: string, phases: readonly Phase[]): Promise<readonly RunRecord[]> {
    const guarded = [...this.#runs.values()].filter(
      ({ alarms, phase }) => alarms.includes(alarm) && phases.includes(phase),
    );
    return Promise.resolve(guarded);
  }

  /** Without a break between the look and the change, as in the database; so are those below. */
  transition({ runId, from, to, at, reason, unlessPaused = false }: PhaseChange): Promise<RunRecord> {
    return this.#change(runId, (run) => {
      if (!from.includes(run.phase) || (unlessPaused && run.paused !== undefined)) return run;
      const { paused, ...rest } = run;
      const still = paused === undefined || to === "rolled-back" ? {} : { paused };
      return { ...rest, ...still, phase: to, updatedAt: at, ...(reason !== undefined && { reason }) };
    });
  }

  pause(runId: string, pause: Pause, from: readonly Phase[]): Promise<RunRecord> {
    return this.#change(runId, (run) =>
      from.includes(run.phase) && run.paused === undefined ? { ...run, paused: pause } : run,
    );
  }

  async resume(runId: string, end: Pick<EndedPause, "resumedBy" | "resumedAt">): Promise<RunRecord> {
    await Promise.resolve();
    const before = this.#known(runId);
    const { paused, ...rest } = before;
    if (paused !== undefined) this.#runs.set(runId, { ...rest, lastPause: { ...paused, ...end } });
    return before;
  }

  recordInitiator(runId: string, startedBy: string): Promise<void> {
    if (!this.#starters.has(runId)) this.#starters.set(runId, startedBy);
    return Promise.resolve();
  }

  initiator(runId: string): Promise<string | undefined> {
    return Promise.resolve(this.#starters.get(runId));
  }

  async #change(runId: string, change: (run: RunRecord) => RunRecord): Promise<RunRecord> {
    await Promise.resolve();
    const changed = change(this.#known(runId));
    this.#runs.set(runId, changed);
    return changed;
  }

  #known(runId: string): RunRecord {
    const run = this.#runs.get(runId);
    if (run === undefined) throw missing(`run "${runId}"`);
    return run;
  }
}
