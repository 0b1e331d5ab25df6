import { setTimeout as delay } from "node:timers/promises";
import { NotFound, ServiceUnavailable } from "../../core/errors.ts";
import type { RunRecord } from "../../core/ports.ts";
import type { RegistryTable, Expression } from "./registry-table.ts";
import { runItem, runKey, runRecord, tableKey } from "./run-item.ts";

/** Two transactions on one item cancel each other; a few tries settle it without a retry of the whole step. */
const ATTEMPTS = 6;
const PAUSE_MS = 50;

/** What must be true of the table's holder for a claim. */
const FREE: Expression = { text: "attribute_not_exists(id)" };

/** Which run holds which table of the migrated databases: the items `table#<database/schema.table>`. */
export class TableHolds {
  readonly #table: RegistryTable;

  constructor(table: RegistryTable) {
    this.#table = table;
  }

  register(run: RunRecord): Promise<RunRecord | undefined> {
    return this.#claim(run, FREE);
  }

  takeOver(run: RunRecord, from: string): Promise<RunRecord | undefined> {
    return this.#claim(run, { text: "runId = :from", values: { ":from": from } });
  }

  async retake(run: RunRecord): Promise<RunRecord | undefined> {
    const hold = { id: tableKey(run.table), runId: run.runId, retaken: true };
    const condition = { text: "attribute_not_exists(id) OR runId = :runId", values: { ":runId": run.runId } };
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      if ((await this.#table.put(hold, condition)) === "done") return undefined;
      const holder = await this.holder(run.table);
      if (holder && holder.runId !== run.runId) return holder;
    }
    throw contended(run.table);
  }

  giveBack(run: RunRecord): Promise<void> {
    return this.#free(run, "attribute_exists(retaken)");
  }

  release(run: RunRecord): Promise<void> {
    return this.#free(run, "attribute_not_exists(retaken)");
  }

  /** Refused: nobody holds it, or another run does, or this one in the other way. */
  async #free({ table, runId }: RunRecord, way: string): Promise<void> {
    await this.#table.delete(tableKey(table), { text: `runId = :runId AND ${way}`, values: { ":runId": runId } });
  }

  async holder(table: string): Promise<RunRecord | undefined> {
    const holderId = await this.#holderId(table);
    if (holderId === undefined) return undefined;
    return (await this.#record(holderId)) ?? noRecord(holderId, table);
  }

  /** The run's record and its hold on the table appear together or not at all. */
  async #claim(run: RunRecord, first: Expression): Promise<RunRecord | undefined> {
    let claim = first;
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      const outcome = await this.#table.transact(tableKey(run.table), this.#claimItems(run, claim));
      if (outcome === "done") return undefined;
      if (outcome === "refused") {
        const holder = await this.#holderInPlaceOf(run);
        if (holder !== "nobody") return holder;
        claim = FREE;
      }
      await delay(Math.random() * PAUSE_MS * attempt);
    }
    throw contended(run.table);
  }

  #claimItems(run: RunRecord, { text, values }: Expression): Parameters<RegistryTable["transact"]>[1] {
    const hold = {
      TableName: this.#table.name,
      Item: { id: tableKey(run.table), runId: run.runId },
      ConditionExpression: text,
      ...(values && { ExpressionAttributeValues: { ...values } }),
    };
    const record = {
      TableName: this.#table.name,
      Item: { ...runItem(run) },
      ConditionExpression: "attribute_not_exists(id)",
    };
    return [{ Put: record }, { Put: hold }];
  }

  /** Who holds the table in place of `run`; undefined where `run` is registered already. */
  async #holderInPlaceOf(run: RunRecord): Promise<RunRecord | "nobody" | undefined> {
    const holderId = await this.#holderId(run.table);
    const registered = (await this.#record(run.runId)) !== undefined;
    if (holderId === undefined || holderId === run.runId) return registered ? undefined : "nobody";
    return (await this.#record(holderId)) ?? noRecord(holderId, run.table);
  }

  async #holderId(table: string): Promise<string | undefined> {
    const holderId = (await this.#table.get(tableKey(table)))?.["runId"];
    return typeof holderId === "string" ? holderId : undefined;
  }

  async #record(runId: string): Promise<RunRecord | undefined> {
    const item = await this.#table.get(runKey(runId));
    return item === undefined ? undefined : runRecord(item);
  }
}

function contended(table: string): ServiceUnavailable {
  const object = `table "${table}"`;
  return new ServiceUnavailable({ object, problem: "other runs are claiming it at this moment", remedy: "Retry" });
}

function noRecord(runId: string, table: string): never {
  throw new NotFound({
    object: `run "${runId}"`,
    problem: `holds table "${table}" but has no record`,
    remedy: `Make sure that it is not running and delete item "${tableKey(table)}" of the run registry`,
  });
}
