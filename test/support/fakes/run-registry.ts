import { ServiceRefused } from "../../../core/errors.ts";
import type { Phase } from "../../../core/plan/phases.ts";
import type { RunRegistry, EndedPause, LockPurpose, Pause, PhaseChange, RunRecord } from "../../../core/ports.ts";
import { missing } from "./missing.ts";

export class FakeRunRegistry implements RunRegistry {
  readonly #runs = new Map<string, RunRecord>();
  /** By table. */
  readonly #locks = new Map<string, { readonly runId: string; readonly purpose: LockPurpose }>();
  readonly #starters = new Map<string, string>();

  /** Without a break between the read and the change, as in the database's transaction; so are those below. */
  acquireTableLocks(run: RunRecord, deadRuns: readonly string[] = []): Promise<RunRecord | undefined> {
    return Promise.resolve().then(() => {
      const registered = this.#runs.has(run.runId);
      const holder = this.#holderBeside(run.tables, registered ? [run.runId] : [run.runId, ...deadRuns]);
      if (holder || registered) return holder;
      const others = [...this.#locks].filter(
        ([table, { runId }]) => deadRuns.includes(runId) && !run.tables.includes(table),
      );
      const writes = 1 + new Set(run.tables).size + others.length;
      if (writes > 100) throw tooManyTables(run, writes);
      this.#runs.set(run.runId, run);
      for (const [table] of others) this.#locks.delete(table);
      for (const table of run.tables) this.#locks.set(table, { runId: run.runId, purpose: "run" });
      return undefined;
    });
  }

  acquireUndoLocks(runId: string): Promise<RunRecord | undefined> {
    return Promise.resolve().then(() => {
      const { tables } = this.#known(runId);
      const holder = this.#holderBeside(tables, [runId]);
      if (!holder) for (const table of tables) this.#locks.set(table, { runId, purpose: "undo" });
      return holder;
    });
  }

  releaseTableLocks(runId: string, purpose: LockPurpose): Promise<void> {
    for (const [table, lock] of this.#locks) {
      if (lock.runId === runId && lock.purpose === purpose) this.#locks.delete(table);
    }
    return Promise.resolve();
  }

  lockHolders(tables: readonly string[]): Promise<ReadonlyMap<string, RunRecord>> {
    const holders = tables.map((table) => [table, this.#runs.get(this.#locks.get(table)?.runId ?? "")] as const);
    return Promise.resolve(new Map(holders.flatMap(([table, run]) => (run ? [[table, run] as const] : []))));
  }

  #holderBeside(tables: readonly string[], allowed: readonly string[]): RunRecord | undefined {
    const holders = tables.flatMap((table) => this.#locks.get(table)?.runId ?? []);
    return this.#runs.get(holders.find((runId) => !allowed.includes(runId)) ?? "");
  }

  run(runId: string): Promise<RunRecord | undefined> {
    return Promise.resolve(this.#runs.get(runId));
  }

  runs(limit: number): Promise<readonly RunRecord[]> {
    const newestFirst = [...this.#runs.values()].sort((a, b) =>
      `${a.startedAt} ${a.runId}` < `${b.startedAt} ${b.runId}` ? 1 : -1,
    );
    return Promise.resolve(newestFirst.slice(0, limit));
  }

  runsWatchedBy(alarm: string, phases: readonly Phase[]): Promise<readonly RunRecord[]> {
    const watched = [...this.#runs.values()].filter(
      ({ alarms, phase }) => alarms.includes(alarm) && phases.includes(phase),
    );
    return Promise.resolve(watched);
  }

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

function tooManyTables({ runId, tables }: RunRecord, writes: number): ServiceRefused {
  return new ServiceRefused({
    object: `run "${runId}"`,
    problem: `locks ${String(tables.length)} tables, and a transaction of ${String(writes)} items is too large`,
    remedy: "Split the migration",
  });
}
