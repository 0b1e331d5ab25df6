import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import {
  DeleteCommand,
  DynamoDBDocumentClient,
  GetCommand,
  paginateScan,
  type TransactWriteCommandInput,
  TransactWriteCommand,
  UpdateCommand,
} from "@aws-sdk/lib-dynamodb";
import { setTimeout as delay } from "node:timers/promises";
import { NotFound, ServiceUnavailable } from "../../core/errors.ts";
import type { Control, PhaseChange, RunRecord } from "../../core/ports.ts";
import { errorName, translated } from "../translate-error.ts";
import { type Item, runItem, runKey, runRecord, RUN_PREFIX, tableKey } from "./run-item.ts";

/** Two transactions on one item cancel each other; a few tries settle it without a retry of the whole step. */
const ATTEMPTS = 6;
const PAUSE_MS = 50;

export interface DynamoControlProps {
  readonly client: DynamoDBClient;
  readonly tableName: string;
}

/** What must be true of the table's holder for a claim. */
interface Claim {
  readonly condition: string;
  readonly values: Item;
}

const FREE: Claim = { condition: "attribute_not_exists(id)", values: {} };

/**
 * Control in one DynamoDB table with the partition key `id`: `run#<runId>` is a run, `table#<database/schema.table>`
 * says who holds a table. Every read is consistent.
 *
 * The newest runs come from a Scan. A table of runs is small (some 600 bytes a run: 1,700 runs a page), is listed by a
 * person at most every few seconds, and a second copy of the list would have to be kept right by every write.
 */
export class DynamoControl implements Control {
  readonly #client: DynamoDBDocumentClient;
  readonly #table: string;

  constructor(props: DynamoControlProps) {
    this.#client = DynamoDBDocumentClient.from(props.client);
    this.#table = props.tableName;
  }

  register(run: RunRecord): Promise<RunRecord | undefined> {
    return this.#claim(run, FREE);
  }

  takeOver(run: RunRecord, from: string): Promise<RunRecord | undefined> {
    return this.#claim(run, { condition: "runId = :from", values: { ":from": from } });
  }

  async release(runId: string): Promise<void> {
    const run = await this.run(runId);
    if (run === undefined) return;
    const command = new DeleteCommand({
      TableName: this.#table,
      Key: { id: tableKey(run.table) },
      ConditionExpression: "runId = :runId",
      ExpressionAttributeValues: { ":runId": runId },
    });
    await this.#call(`run "${runId}"`, async () => {
      try {
        await this.#client.send(command);
      } catch (error) {
        // Nobody holds it, or another run does.
        if (errorName(error) !== "ConditionalCheckFailedException") throw error;
      }
    });
  }

  async run(runId: string): Promise<RunRecord | undefined> {
    const item = await this.#get(runKey(runId));
    return item === undefined ? undefined : runRecord(item);
  }

  async holder(table: string): Promise<RunRecord | undefined> {
    const holderId = (await this.#get(tableKey(table)))?.["runId"];
    if (typeof holderId !== "string") return undefined;
    return (await this.run(holderId)) ?? this.#noRecord(holderId, table);
  }

  async runs(limit: number): Promise<readonly RunRecord[]> {
    const found: RunRecord[] = [];
    const query = {
      TableName: this.#table,
      ConsistentRead: true,
      FilterExpression: "begins_with(id, :prefix)",
      ExpressionAttributeValues: { ":prefix": RUN_PREFIX },
    };
    await this.#call("the runs", async () => {
      for await (const { Items } of paginateScan({ client: this.#client }, query)) {
        found.push(...(Items ?? []).map(runRecord));
      }
    });
    return found.sort((a, b) => compare(b.startedAt, a.startedAt) || compare(b.runId, a.runId)).slice(0, limit);
  }

  /** A repeated call finds its own phase and changes nothing more, so the first reason stays. */
  async transition(change: PhaseChange): Promise<RunRecord> {
    const object = `run "${change.runId}"`;
    const item = await this.#call(object, async () => {
      try {
        return (await this.#client.send(this.#update(change))).Attributes;
      } catch (error) {
        if (errorName(error) !== "ConditionalCheckFailedException") throw error;
        return this.#get(runKey(change.runId));
      }
    });
    if (item !== undefined) return runRecord(item);
    throw new NotFound({ object, problem: "control has no run of this name", remedy: "List the runs: sluice status" });
  }

  #update(change: PhaseChange): UpdateCommand {
    const from = change.from.map((phase, index) => [`:from${String(index)}`, phase] as const);
    const reason = change.reason === undefined ? {} : { ":reason": change.reason };
    return new UpdateCommand({
      TableName: this.#table,
      Key: { id: runKey(change.runId) },
      UpdateExpression: `SET phase = :to, updatedAt = :at${change.reason === undefined ? "" : ", reason = :reason"}`,
      ConditionExpression: `phase IN (${from.map(([key]) => key).join(", ")})`,
      ExpressionAttributeValues: { ":to": change.to, ":at": change.at, ...reason, ...Object.fromEntries(from) },
      ReturnValues: "ALL_NEW",
    });
  }

  /** The run's record and its hold on the table appear together or not at all. */
  async #claim(run: RunRecord, first: Claim): Promise<RunRecord | undefined> {
    const object = `table "${run.table}"`;
    let claim = first;
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      const outcome = await this.#call(object, () => this.#tryClaim(run, claim));
      if (outcome === "claimed") return undefined;
      if (outcome === "refused") {
        const holder = await this.#holder(run);
        if (holder !== "nobody") return holder;
        claim = FREE;
      }
      await delay(Math.random() * PAUSE_MS * attempt);
    }
    throw new ServiceUnavailable({ object, problem: "other runs are claiming it at this moment", remedy: "Retry" });
  }

  async #tryClaim(run: RunRecord, claim: Claim): Promise<"claimed" | "refused" | "conflict"> {
    try {
      await this.#client.send(new TransactWriteCommand(this.#claimItems(run, claim)));
      return "claimed";
    } catch (error) {
      const codes = cancellationCodes(error);
      if (codes.includes("ConditionalCheckFailed")) return "refused";
      if (codes.includes("TransactionConflict") || errorName(error) === "TransactionInProgressException") {
        return "conflict";
      }
      throw error;
    }
  }

  #claimItems(run: RunRecord, { condition, values }: Claim): TransactWriteCommandInput {
    const hold = { TableName: this.#table, Item: { id: tableKey(run.table), runId: run.runId } };
    const conditional = { ...hold, ConditionExpression: condition };
    return {
      TransactItems: [
        {
          Put: { TableName: this.#table, Item: runItem(run), ConditionExpression: "attribute_not_exists(id)" },
        },
        {
          Put:
            Object.keys(values).length === 0
              ? conditional
              : { ...conditional, ExpressionAttributeValues: { ...values } },
        },
      ],
    };
  }

  /** Who holds the table in place of `run`; undefined where `run` is registered already. */
  async #holder(run: RunRecord): Promise<RunRecord | "nobody" | undefined> {
    const holderId = (await this.#get(tableKey(run.table)))?.["runId"];
    const registered = (await this.run(run.runId)) !== undefined;
    if (typeof holderId !== "string" || holderId === run.runId) return registered ? undefined : "nobody";
    return (await this.run(holderId)) ?? this.#noRecord(holderId, run.table);
  }

  #noRecord(runId: string, table: string): never {
    throw new NotFound({
      object: `run "${runId}"`,
      problem: `holds table "${table}" but has no record`,
      remedy: `Make sure that it is not running and delete item "${tableKey(table)}" of the control table`,
    });
  }

  async #get(id: string): Promise<Item | undefined> {
    const command = new GetCommand({ TableName: this.#table, Key: { id }, ConsistentRead: true });
    return this.#call(`item "${id}"`, async () => (await this.#client.send(command)).Item);
  }

  #call<T>(object: string, call: () => Promise<T>): Promise<T> {
    return translated({ service: "DynamoDB", object }, call);
  }
}

/** One code an item of the transaction, "None" where that item was not the reason. */
function cancellationCodes(error: unknown): readonly string[] {
  if (errorName(error) !== "TransactionCanceledException") return [];
  const { CancellationReasons } = error as { readonly CancellationReasons?: readonly { readonly Code?: string }[] };
  return (CancellationReasons ?? []).map(({ Code }) => Code ?? "None");
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
