import { NotFound } from "../../core/errors.ts";
import type { Phase } from "../../core/plan/phases.ts";
import type { RunRegistry, EndedPause, LockPurpose, Pause, PhaseChange, RunRecord } from "../../core/ports.ts";
import { type Change, RegistryTable, type RegistryTableProps, type Item } from "./registry-table.ts";
import { text } from "./item.ts";
import { runKey, runRecord, RUN_PREFIX, starterKey } from "./run-item.ts";
import { TableLocks } from "./table-locks.ts";

/** Seconds for which the caller that is about to start a run is kept: preflight reads it within minutes. */
const STARTER_SECONDS = 86_400;

/**
 * RunRegistry in one DynamoDB table with the partition key `id`: `run#<runId>` is a run, `table#<database/schema.table>`
 * says which run has locked a table, `start#<runId>` who is about to start a run. Every read is consistent. Items with an
 * attribute `expiresAt` (seconds since the epoch) are deleted by DynamoDB after it, which may take days:
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/howitworks-ttl.html.
 *
 * The newest runs, and those that name an alarm, come from a Scan. A table of runs is small (some 900 bytes a run:
 * a thousand runs a page), is listed by an operator at most every few seconds, or when an alarm fires, and a second copy
 * of the list would have to be kept right by every write.
 */
export class DynamoRunRegistry implements RunRegistry {
  readonly #table: RegistryTable;
  readonly #locks: TableLocks;

  constructor(props: RegistryTableProps) {
    this.#table = new RegistryTable(props);
    this.#locks = new TableLocks(this.#table);
  }

  acquireTableLocks(run: RunRecord, deadRuns: readonly string[] = []): Promise<RunRecord | undefined> {
    return this.#locks.acquire(run, deadRuns);
  }

  async acquireUndoLocks(runId: string): Promise<RunRecord | undefined> {
    return this.#locks.acquireForUndo(await this.#known(runId));
  }

  async releaseTableLocks(runId: string, purpose: LockPurpose): Promise<void> {
    const run = await this.run(runId);
    if (run !== undefined) await this.#locks.release(run, purpose);
  }

  lockHolders(tables: readonly string[]): Promise<ReadonlyMap<string, RunRecord>> {
    return this.#locks.holders(tables);
  }

  async run(runId: string): Promise<RunRecord | undefined> {
    const item = await this.#table.get(runKey(runId));
    return item === undefined ? undefined : runRecord(item);
  }

  async runs(limit: number): Promise<readonly RunRecord[]> {
    const items = await this.#table.scan({ text: "begins_with(id, :prefix)", values: { ":prefix": RUN_PREFIX } });
    return items
      .map(runRecord)
      .sort((a, b) => compare(b.startedAt, a.startedAt) || compare(b.runId, a.runId))
      .slice(0, limit);
  }

  async runsWatchedBy(alarm: string, phases: readonly Phase[]): Promise<readonly RunRecord[]> {
    const within = anyOf(phases);
    const items = await this.#table.scan({
      text: `begins_with(id, :prefix) AND contains(alarms, :alarm) AND ${within.text}`,
      values: { ":prefix": RUN_PREFIX, ":alarm": alarm, ...within.values },
    });
    return items.map(runRecord);
  }

  /** A repeated call finds its own phase and changes nothing more, so the first reason stays. */
  transition({ runId, from, to, at, reason, unlessPaused = false }: PhaseChange): Promise<RunRecord> {
    const within = anyOf(from);
    const set = `SET phase = :to, updatedAt = :at${reason === undefined ? "" : ", reason = :reason"}`;
    return this.#changed(runId, {
      update: to === "rolled-back" ? `${set} REMOVE paused` : set,
      condition: unlessPaused ? `${within.text} AND attribute_not_exists(paused)` : within.text,
      values: { ":to": to, ":at": at, ...(reason !== undefined && { ":reason": reason }), ...within.values },
    });
  }

  pause(runId: string, pause: Pause, from: readonly Phase[]): Promise<RunRecord> {
    const within = anyOf(from);
    return this.#changed(runId, {
      update: "SET paused = :pause",
      condition: `${within.text} AND attribute_not_exists(paused)`,
      values: { ":pause": { ...pause }, ...within.values },
    });
  }

  /** Of several callers at once, one ends the pause; the others find the run not paused. */
  async resume(runId: string, end: Pick<EndedPause, "resumedBy" | "resumedAt">): Promise<RunRecord> {
    const before = await this.#known(runId);
    if (before.paused === undefined) return before;
    const ended: EndedPause = { ...before.paused, ...end };
    const resumed = await this.#table.update({
      id: runKey(runId),
      update: "SET lastPause = :ended REMOVE paused",
      condition: "paused = :paused",
      values: { ":ended": ended, ":paused": { ...before.paused } },
      returns: "ALL_OLD",
    });
    // Another caller was faster: the run is not paused any more, or by another pause.
    return resumed === undefined ? this.resume(runId, end) : runRecord(resumed);
  }

  async recordInitiator(runId: string, startedBy: string): Promise<void> {
    const now = Math.floor(Date.now() / 1_000);
    const item = { id: starterKey(runId), startedBy, expiresAt: now + STARTER_SECONDS };
    const condition = { text: "attribute_not_exists(id) OR expiresAt < :now", values: { ":now": now } };
    await this.#table.put(item, condition);
  }

  async initiator(runId: string): Promise<string | undefined> {
    const item = await this.#table.get(starterKey(runId));
    if (item === undefined || Number(item["expiresAt"]) < Date.now() / 1_000) return undefined;
    return text(item, "startedBy");
  }

  /** The run after the change, or as it is where the condition did not hold. */
  async #changed(runId: string, change: Omit<Change, "id">): Promise<RunRecord> {
    const item = await this.#table.update({ id: runKey(runId), ...change });
    return item === undefined ? this.#known(runId) : runRecord(item);
  }

  async #known(runId: string): Promise<RunRecord> {
    const run = await this.run(runId);
    if (run !== undefined) return run;
    throw new NotFound({
      object: `run "${runId}"`,
      problem: "the run registry has no run of this name",
      remedy: "List the runs: sluice status",
    });
  }
}

function anyOf(phases: readonly Phase[]): { readonly text: string; readonly values: Item } {
  const placeholders = phases.map((phase, index) => [`:phase${String(index)}`, phase] as const);
  return {
    text: `phase IN (${placeholders.map(([name]) => name).join(", ")})`,
    values: Object.fromEntries(placeholders),
  };
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
