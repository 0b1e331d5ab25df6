import { setTimeout as delay } from "node:timers/promises";
import { NotFound, ServiceRefused, ServiceUnavailable } from "../../core/errors.ts";
import type { LockPurpose, RunRecord } from "../../core/ports.ts";
import { tablesObject } from "../../core/table-key.ts";
import { oneOf, optional, text } from "./item.ts";
import type { Item, RegistryTable } from "./registry-table.ts";
import { lockKey, runItem, runKey, runRecord } from "./run-item.ts";

/** Two transactions on one item cancel each other; a few tries settle it without a retry of the whole step. */
const ATTEMPTS = 6;
const PAUSE_MS = 50;

/**
 * Items of one transaction: a run's record and its locks.
 *
 * Source: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
 */
const MAX_ITEMS = 100;

type Write = Parameters<RegistryTable["transact"]>[1][number];

/**
 * Which run has locked which table of the migrated databases: the items `table#<database/schema.table>`. The locks of a
 * run change in one transaction, so it has all of them or none. What is read before a transaction decides what to ask
 * for; that it still is so is a condition of the transaction.
 */
export class TableLocks {
  readonly #table: RegistryTable;

  constructor(table: RegistryTable) {
    this.#table = table;
  }

  /** The run's record and its locks appear together or not at all. */
  acquire(run: RunRecord, deadRuns: readonly string[]): Promise<RunRecord | undefined> {
    return this.#untilSettled(run.tables, async () => {
      const registered = (await this.#table.get(runKey(run.runId))) !== undefined;
      const holder = await this.#holderBeside(run.tables, registered ? [run.runId] : [run.runId, ...deadRuns]);
      if (holder || registered) return holder;
      const record = { Item: { ...runItem(run) }, ConditionExpression: "attribute_not_exists(id)" };
      const writes: readonly Write[] = [
        { Put: { TableName: this.#table.name, ...record } },
        ...this.#locks(run, { purpose: "run", takenFrom: deadRuns }),
        ...(await this.#otherLocks(deadRuns, run.tables)),
      ];
      requireRoom(run, writes.length);
      return (await this.#write(run.tables, writes)) ? undefined : "again";
    });
  }

  acquireForUndo(run: RunRecord): Promise<RunRecord | undefined> {
    return this.#untilSettled(run.tables, async () => {
      const holder = await this.#holderBeside(run.tables, [run.runId]);
      if (holder) return holder;
      const writes = this.#locks(run, { purpose: "undo", takenFrom: [] });
      return (await this.#write(run.tables, writes)) ? undefined : "again";
    });
  }

  async release({ runId, tables }: RunRecord, purpose: LockPurpose): Promise<void> {
    await this.#untilSettled(tables, async () => {
      const locks = await this.#read(tables);
      const own = locks.filter((lock) => lock.runId === runId && lock.purpose === purpose);
      return own.length === 0 || (await this.#write(tables, own.map(this.#deletion))) ? undefined : "again";
    });
  }

  async holders(tables: readonly string[]): Promise<ReadonlyMap<string, RunRecord>> {
    const locks = await this.#read(tables);
    const holders = locks.map(async (lock) => [lock.table, await this.#holderOf(lock)] as const);
    return new Map(await Promise.all(holders));
  }

  /** Tries again where another writer was faster. */
  async #untilSettled<T>(tables: readonly string[], attempt: () => Promise<T | "again">): Promise<T> {
    for (let attempts = 1; attempts <= ATTEMPTS; attempts++) {
      const outcome = await attempt();
      if (outcome !== "again") return outcome;
      await delay(Math.random() * PAUSE_MS * attempts);
    }
    throw contended(tables);
  }

  /** False where nothing was written, since a condition did not hold or another transaction was under way. */
  async #write(tables: readonly string[], writes: readonly Write[]): Promise<boolean> {
    return (await this.#table.transact(tables.map(lockKey).join(", "), [...writes])) === "done";
  }

  /** One write a table, on the condition that its lock, if any, is of the run itself or of one of `takenFrom`. */
  #locks(
    { runId, tables }: RunRecord,
    { purpose, takenFrom }: { readonly purpose: LockPurpose; readonly takenFrom: readonly string[] },
  ): readonly Write[] {
    const allowed = [runId, ...takenFrom].map((allowedRun, index) => [`:run${String(index)}`, allowedRun] as const);
    const condition = {
      ConditionExpression: `attribute_not_exists(id) OR runId IN (${allowed.map(([name]) => name).join(", ")})`,
      ExpressionAttributeValues: Object.fromEntries(allowed),
    };
    return [...new Set(tables)].map((table) => ({
      Put: { TableName: this.#table.name, Item: { id: lockKey(table), runId, purpose }, ...condition },
    }));
  }

  /** What dead runs have locked beside these tables: it would stay locked, since no end of theirs will come. */
  async #otherLocks(deadRuns: readonly string[], tables: readonly string[]): Promise<readonly Write[]> {
    const records = await Promise.all(deadRuns.map((runId) => this.#table.get(runKey(runId))));
    const theirs = records.flatMap((item) => (item === undefined ? [] : runRecord(item).tables));
    const locks = await this.#read(theirs.filter((table) => !tables.includes(table)));
    return locks.filter(({ runId }) => deadRuns.includes(runId)).map(this.#deletion);
  }

  readonly #deletion = ({ table, runId, storedPurpose }: Lock): Write => ({
    Delete: {
      TableName: this.#table.name,
      Key: { id: lockKey(table) },
      ConditionExpression: `runId = :runId AND ${storedPurpose === undefined ? "attribute_not_exists(purpose)" : "purpose = :purpose"}`,
      ExpressionAttributeValues: {
        ":runId": runId,
        ...(storedPurpose !== undefined && { ":purpose": storedPurpose }),
      },
    },
  });

  /** The first run that has a lock of these tables, beside `allowed`. */
  async #holderBeside(tables: readonly string[], allowed: readonly string[]): Promise<RunRecord | undefined> {
    const lock = (await this.#read(tables)).find(({ runId }) => !allowed.includes(runId));
    return lock && this.#holderOf(lock);
  }

  /** The locks of those of the tables that are locked, in the order of the tables. */
  async #read(tables: readonly string[]): Promise<readonly Lock[]> {
    const unique = [...new Set(tables)];
    const items = await Promise.all(unique.map((table) => this.#table.get(lockKey(table))));
    return unique.flatMap((table, index) => {
      const item = items[index];
      return item === undefined ? [] : [lockOf(table, item)];
    });
  }

  async #holderOf({ runId, table }: Lock): Promise<RunRecord> {
    const read = (): Promise<Item | undefined> => this.#table.get(runKey(runId));
    // The items of a transaction may become visible one after the other: the record a moment after the lock.
    const item = (await read()) ?? (await delay(PAUSE_MS).then(read));
    return item === undefined ? noRecord(runId, table) : runRecord(item);
  }
}

interface Lock {
  readonly table: string;
  readonly runId: string;
  readonly purpose: LockPurpose;
  /** Undefined in an item that an earlier version of Sluice wrote. */
  readonly storedPurpose: LockPurpose | undefined;
}

const PURPOSES = ["run", "undo"] as const satisfies readonly LockPurpose[];

/** An earlier version of Sluice marked the lock of an undo with `retaken`, and that of a run with nothing. */
function lockOf(table: string, item: Item): Lock {
  const storedPurpose = optional(item, "purpose", (of, attribute) => oneOf(of, attribute, PURPOSES));
  const purpose = storedPurpose ?? (item["retaken"] === true ? "undo" : "run");
  return { table, runId: text(item, "runId"), purpose, storedPurpose };
}

function requireRoom({ runId, tables }: RunRecord, items: number): void {
  if (items <= MAX_ITEMS) return;
  const limit = `one transaction of DynamoDB writes ${String(MAX_ITEMS)} items at most, of which one is the run`;
  throw new ServiceRefused({
    object: `run "${runId}"`,
    problem: `locks ${String(tables.length)} tables, ${String(items - 1)} with those that it takes over from dead runs, and ${limit}`,
    remedy: `Split the migration into several of at most ${String(MAX_ITEMS - 1)} tables each; a dead run releases its tables when it is rolled back (sluice rollback)`,
  });
}

function contended(tables: readonly string[]): ServiceUnavailable {
  const object = tablesObject(tables);
  return new ServiceUnavailable({ object, problem: "other runs are locking tables at this moment", remedy: "Retry" });
}

function noRecord(runId: string, table: string): never {
  throw new NotFound({
    object: `run "${runId}"`,
    problem: `has locked table "${table}" but has no record`,
    remedy: `Make sure that it is not running and delete item "${lockKey(table)}" of the run registry`,
  });
}
