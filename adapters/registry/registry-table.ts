import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import {
  DeleteCommand,
  DynamoDBDocumentClient,
  GetCommand,
  paginateScan,
  PutCommand,
  TransactWriteCommand,
  type TransactWriteCommandInput,
  UpdateCommand,
} from "@aws-sdk/lib-dynamodb";
import { errorName, translated } from "../translate-error.ts";

/** An item of the run registry as the document client reads it. */
export type Item = Readonly<Record<string, unknown>>;

export interface RegistryTableProps {
  readonly client: DynamoDBClient;
  readonly tableName: string;
}

/** An expression of DynamoDB with its values by placeholder (`:at`) and, for reserved words, its names (`#token`). */
export interface Expression {
  readonly text: string;
  readonly values?: Item;
  readonly names?: Readonly<Record<string, string>>;
}

/** A change of one item, made if the condition holds at that moment. */
export interface Change {
  readonly id: string;
  /** An UpdateExpression. */
  readonly update: string;
  readonly condition: string;
  readonly values: Item;
  /** Which item to answer with. @default "ALL_NEW" */
  readonly returns?: "ALL_NEW" | "ALL_OLD";
}

/**
 * The calls to DynamoDB that the run registry is made of: one table with the partition key `id`, read consistently,
 * changed by compare-and-set. Failures are classes of `core/errors.ts`; a condition that does not hold is an answer.
 */
export class RegistryTable {
  readonly #client: DynamoDBDocumentClient;
  readonly name: string;

  constructor(props: RegistryTableProps) {
    this.#client = DynamoDBDocumentClient.from(props.client, { marshallOptions: { removeUndefinedValues: true } });
    this.name = props.tableName;
  }

  async get(id: string): Promise<Item | undefined> {
    const command = new GetCommand({ TableName: this.name, Key: { id }, ConsistentRead: true });
    return this.#call(id, async () => (await this.#client.send(command)).Item);
  }

  /** Puts the item if the condition, where there is one, holds for the one that it replaces. */
  async put(item: Item & { readonly id: string }, condition?: Expression): Promise<"done" | "refused"> {
    const command = new PutCommand({ TableName: this.name, Item: { ...item }, ...conditional(condition) });
    return this.#conditionally(item.id, () => this.#client.send(command));
  }

  async delete(id: string, condition: Expression): Promise<"done" | "refused"> {
    const command = new DeleteCommand({ TableName: this.name, Key: { id }, ...conditional(condition) });
    return this.#conditionally(id, () => this.#client.send(command));
  }

  /** @returns undefined where the condition did not hold, so that nothing was changed. */
  async update({ id, update, condition, values, returns = "ALL_NEW" }: Change): Promise<Item | undefined> {
    const command = new UpdateCommand({
      TableName: this.name,
      Key: { id },
      UpdateExpression: update,
      ConditionExpression: condition,
      ExpressionAttributeValues: { ...values },
      ReturnValues: returns,
    });
    let changed: Item | undefined;
    await this.#conditionally(id, async () => (changed = (await this.#client.send(command)).Attributes));
    return changed;
  }

  /** Every item that passes the filter, of all pages. */
  async scan(filter: Expression): Promise<readonly Item[]> {
    const found: Item[] = [];
    const query = {
      TableName: this.name,
      ConsistentRead: true,
      FilterExpression: filter.text,
      ExpressionAttributeValues: { ...filter.values },
    };
    await this.#call("the runs", async () => {
      for await (const { Items } of paginateScan({ client: this.#client }, query)) found.push(...(Items ?? []));
    });
    return found;
  }

  /** All of the writes or none. `conflict`: another transaction on one of the items is under way. */
  async transact(
    object: string,
    items: NonNullable<TransactWriteCommandInput["TransactItems"]>,
  ): Promise<"done" | "refused" | "conflict"> {
    return this.#call(object, async () => {
      try {
        await this.#client.send(new TransactWriteCommand({ TransactItems: items }));
        return "done";
      } catch (error) {
        const codes = cancellationCodes(error);
        if (codes.includes("ConditionalCheckFailed")) return "refused";
        if (codes.includes("TransactionConflict") || errorName(error) === "TransactionInProgressException") {
          return "conflict";
        }
        throw error;
      }
    });
  }

  async #conditionally(object: string, call: () => Promise<unknown>): Promise<"done" | "refused"> {
    return this.#call(object, async () => {
      try {
        await call();
        return "done";
      } catch (error) {
        if (errorName(error) === "ConditionalCheckFailedException") return "refused";
        throw error;
      }
    });
  }

  #call<T>(id: string, call: () => Promise<T>): Promise<T> {
    return translated({ service: "DynamoDB", object: `item "${id}" of the run registry` }, call);
  }
}

function conditional(condition: Expression | undefined): object {
  if (condition === undefined) return {};
  const { text, values, names } = condition;
  return {
    ConditionExpression: text,
    ...(values && { ExpressionAttributeValues: { ...values } }),
    ...(names && { ExpressionAttributeNames: { ...names } }),
  };
}

/** One code an item of the transaction, "None" where that item was not the reason. */
function cancellationCodes(error: unknown): readonly string[] {
  if (errorName(error) !== "TransactionCanceledException") return [];
  const { CancellationReasons } = error as { readonly CancellationReasons?: readonly { readonly Code?: string }[] };
  return (CancellationReasons ?? []).map(({ Code }) => Code ?? "None");
}
