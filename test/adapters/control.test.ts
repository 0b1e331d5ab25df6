import { type AttributeValue, DynamoDBClient, GetItemCommand, PutItemCommand } from "@aws-sdk/client-dynamodb";
import { describe, expect, it } from "vitest";
import { DynamoControl } from "../../adapters/control/control.ts";
import { NotFound, ServiceRefused, ServiceUnavailable } from "../../core/errors.ts";
import { emptyControlTable } from "../support/control-table.ts";
import { useEmulator } from "../support/emulator.ts";
import { FakeControl } from "../support/fakes.ts";
import { controlContract, run } from "./control-contract.ts";

const { client } = useEmulator();
async function emptyTable(): Promise<{ readonly dynamo: DynamoDBClient; readonly tableName: string }> {
  const { client: dynamo, tableName } = await emptyControlTable(client());
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

  it("finds guarded runs on every page of a scan", async () => {
    const { dynamo, tableName } = await emptyTable();
    const control = new DynamoControl({ client: dynamo, tableName });
    const reason = "x".repeat(300_000);
    for (const runId of ["a", "b", "c", "d", "e"]) {
      await control.register(run(runId, { table: `crm/public.${runId}`, reason, alarms: ["errors"] }));
    }
    expect(await control.guardedBy("errors", ["preflight"])).toHaveLength(5);
  });

  it("reads a run that an earlier version registered, which names no alarms", async () => {
    const { dynamo, tableName } = await emptyTable();
    const { alarms: _, ...old } = run("a");
    const item = Object.fromEntries(Object.entries(old).map(([key, value]) => [key, { S: value as string }]));
    await dynamo.send(new PutItemCommand({ TableName: tableName, Item: { id: { S: "run#a" }, ...item } }));
    const control = new DynamoControl({ client: dynamo, tableName });
    expect(await control.run("a")).toEqual(run("a"));
    expect(await control.guardedBy("errors", ["preflight"])).toEqual([]);
  });

  it.each([
    ["alarms", { S: "errors" }],
    ["paused", { M: { by: { S: "ann" } } }],
    ["startedBy", { N: "1" }],
  ])("does not guess at a run whose %s was edited", async (attribute, value) => {
    const { dynamo, tableName } = await emptyTable();
    const control = new DynamoControl({ client: dynamo, tableName });
    await control.register(run("a"));
    const { Item } = await dynamo.send(new GetItemCommand({ TableName: tableName, Key: { id: { S: "run#a" } } }));
    await dynamo.send(
      new PutItemCommand({ TableName: tableName, Item: { ...Item, [attribute]: value as AttributeValue } }),
    );
    await expect(control.run("a")).rejects.toThrow(new RegExp(`"run#a".*"${attribute}"`));
  });

  it("forgets who starts a run after a day, whenever DynamoDB deletes the item", async () => {
    const { dynamo, tableName } = await emptyTable();
    const control = new DynamoControl({ client: dynamo, tableName });
    await control.nameStarter("a", "ann");
    const key = { id: { S: "start#a" } };
    const { Item } = await dynamo.send(new GetItemCommand({ TableName: tableName, Key: key }));
    const seconds = Number(Item?.["expiresAt"]?.N) - Date.now() / 1_000;
    expect(Math.round(seconds / 60)).toBe(1_440);
    await dynamo.send(new PutItemCommand({ TableName: tableName, Item: { ...Item, ...key, expiresAt: { N: "1" } } }));
    expect(await control.starter("a")).toBeUndefined();
    await control.nameStarter("a", "bob");
    expect(await control.starter("a")).toBe("bob");
  });

  it("tells a missing table from a service that does not answer", async () => {
    const missing = new DynamoControl({ client: new DynamoDBClient(client()), tableName: "no-such-table" });
    await expect(missing.run("a")).rejects.toThrow(NotFound);
    const nobody = new DynamoDBClient({ ...client(), endpoint: "http://127.0.0.1:1" });
    await expect(new DynamoControl({ client: nobody, tableName: "t" }).run("a")).rejects.toThrow(ServiceUnavailable);
  });
});
