import { CreateTableCommand, DynamoDBClient, PutItemCommand } from "@aws-sdk/client-dynamodb";
import { describe, expect, it } from "vitest";
import { DynamoControl } from "../../adapters/control/control.ts";
import { NotFound, ServiceRefused, ServiceUnavailable } from "../../core/errors.ts";
import { useEmulator } from "../support/emulator.ts";
import { FakeControl } from "../support/fakes.ts";
import { controlContract, run } from "./control-contract.ts";

const { client } = useEmulator();
let count = 0;

async function emptyTable(): Promise<{ readonly dynamo: DynamoDBClient; readonly tableName: string }> {
  const dynamo = new DynamoDBClient(client());
  const tableName = `control${String(++count)}`;
  await dynamo.send(
    new CreateTableCommand({
      TableName: tableName,
      BillingMode: "PAY_PER_REQUEST",
      KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
      AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }],
    }),
  );
  return { dynamo, tableName };
}

controlContract("DynamoDB", async () => {
  const { dynamo, tableName } = await emptyTable();
  return new DynamoControl({ client: dynamo, tableName });
});
controlContract("in memory", () => Promise.resolve(new FakeControl()));

describe("control on DynamoDB", () => {
  it("does not guess at a run whose item was edited", async () => {
    const { dynamo, tableName } = await emptyTable();
    await dynamo.send(
      new PutItemCommand({
        TableName: tableName,
        Item: { id: { S: "run#a" }, runId: { S: "a" }, phase: { S: "huh" } },
      }),
    );
    const control = new DynamoControl({ client: dynamo, tableName });
    await expect(control.run("a")).rejects.toThrow(ServiceRefused);
  });

  it("says which item to delete where a table is held by a run without a record", async () => {
    const { dynamo, tableName } = await emptyTable();
    const hold = { id: { S: `table#${run("b").table}` }, runId: { S: "ghost" } };
    await dynamo.send(new PutItemCommand({ TableName: tableName, Item: hold }));
    const control = new DynamoControl({ client: dynamo, tableName });
    await expect(control.register(run("b"))).rejects.toThrow(/"ghost".*table#crm\/public\.contacts/);
  });

  it("lists more runs than one page of a scan holds", async () => {
    const { dynamo, tableName } = await emptyTable();
    const control = new DynamoControl({ client: dynamo, tableName });
    const reason = "x".repeat(300_000);
    for (const runId of ["a", "b", "c", "d", "e"]) {
      await control.register(run(runId, { table: `crm/public.${runId}`, reason }));
    }
    expect(await control.runs(10)).toHaveLength(5);
  });

  it("tells a missing table from a service that does not answer", async () => {
    const missing = new DynamoControl({ client: new DynamoDBClient(client()), tableName: "no-such-table" });
    await expect(missing.run("a")).rejects.toThrow(NotFound);
    const nobody = new DynamoDBClient({ ...client(), endpoint: "http://127.0.0.1:1" });
    await expect(new DynamoControl({ client: nobody, tableName: "t" }).run("a")).rejects.toThrow(ServiceUnavailable);
  });
});
