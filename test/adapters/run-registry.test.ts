import { type AttributeValue, DynamoDBClient, GetItemCommand, PutItemCommand } from "@aws-sdk/client-dynamodb";
import { describe, expect, it } from "vitest";
import { DynamoRunRegistry } from "../../adapters/registry/run-registry.ts";
import { NotFound, ServiceRefused, ServiceUnavailable } from "../../core/errors.ts";
import { emptyControlTable } from "../support/registry-table.ts";
import { useEmulator } from "../support/emulator.ts";
import { FakeRunRegistry } from "../support/fakes.ts";
import { runRegistryConformance, run } from "./run-registry.conformance.ts";

const TABLE = "crm/public.contacts";

const { client } = useEmulator();
async function emptyTable(): Promise<{ readonly dynamo: DynamoDBClient; readonly tableName: string }> {
  const { client: dynamo, tableName } = await emptyControlTable(client());
  return { dynamo, tableName };
}

runRegistryConformance("DynamoDB", async () => {
  const { dynamo, tableName } = await emptyTable();
  return new DynamoRunRegistry({ client: dynamo, tableName });
});
runRegistryConformance("in memory", () => Promise.resolve(new FakeRunRegistry()));

describe("registry on DynamoDB", () => {
  it("does not guess at a run whose item was edited", async () => {
    const { dynamo, tableName } = await emptyTable();
    await dynamo.send(
      new PutItemCommand({
        TableName: tableName,
        Item: { id: { S: "run#a" }, runId: { S: "a" }, phase: { S: "huh" } },
      }),
    );
    const registry = new DynamoRunRegistry({ client: dynamo, tableName });
    await expect(registry.run("a")).rejects.toThrow(ServiceRefused);
  });

  it("names the item to delete where a table is locked by a run without a record", async () => {
    const { dynamo, tableName } = await emptyTable();
    const hold = { id: { S: `table#${run("b").tables[0] ?? ""}` }, runId: { S: "ghost" } };
    await dynamo.send(new PutItemCommand({ TableName: tableName, Item: hold }));
    const registry = new DynamoRunRegistry({ client: dynamo, tableName });
    await expect(registry.acquireTableLocks(run("b"))).rejects.toThrow(/"ghost".*table#crm\/public\.contacts/);
  });

  it("lists more runs than one page of a scan holds", async () => {
    const { dynamo, tableName } = await emptyTable();
    const registry = new DynamoRunRegistry({ client: dynamo, tableName });
    const reason = "x".repeat(300_000);
    for (const runId of ["a", "b", "c", "d", "e"]) {
      await registry.acquireTableLocks(run(runId, { tables: [`crm/public.${runId}`], reason }));
    }
    expect(await registry.runs(10)).toHaveLength(5);
  });

  it("finds guarded runs on every page of a scan", async () => {
    const { dynamo, tableName } = await emptyTable();
    const registry = new DynamoRunRegistry({ client: dynamo, tableName });
    const reason = "x".repeat(300_000);
    for (const runId of ["a", "b", "c", "d", "e"]) {
      await registry.acquireTableLocks(run(runId, { tables: [`crm/public.${runId}`], reason, alarms: ["errors"] }));
    }
    expect(await registry.runsWatchedBy("errors", ["preflight"])).toHaveLength(5);
  });

  it("reads a run that an earlier version registered, which names no alarms", async () => {
    const { dynamo, tableName } = await emptyTable();
    const { alarms: _, ...old } = run("a");
    const { tables: _tables, ...texts } = old;
    const item = Object.fromEntries(Object.entries(texts).map(([key, value]) => [key, { S: value as string }]));
    Object.assign(item, { table: { S: TABLE } });
    await dynamo.send(new PutItemCommand({ TableName: tableName, Item: { id: { S: "run#a" }, ...item } }));
    const registry = new DynamoRunRegistry({ client: dynamo, tableName });
    expect(await registry.run("a")).toEqual(run("a"));
    expect(await registry.runsWatchedBy("errors", ["preflight"])).toEqual([]);
  });

  it("reads a run that an earlier version registered with its one table, and releases that one's lock", async () => {
    const { dynamo, tableName } = await emptyTable();
    const registry = new DynamoRunRegistry({ client: dynamo, tableName });
    await registry.acquireTableLocks(run("a", { tables: ["crm/public.elsewhere"] }));
    const { Item } = await dynamo.send(new GetItemCommand({ TableName: tableName, Key: { id: { S: "run#a" } } }));
    const { tables: _, ...old } = Item ?? {};
    await dynamo.send(new PutItemCommand({ TableName: tableName, Item: { ...old, table: { S: TABLE } } }));
    expect(await registry.run("a")).toEqual(run("a"));
    const lock = { id: { S: `table#${TABLE}` }, runId: { S: "a" } };
    for (const [item, purpose, other] of [
      [lock, "run", "undo"],
      [{ ...lock, retaken: { BOOL: true } }, "undo", "run"],
    ] as const) {
      await dynamo.send(new PutItemCommand({ TableName: tableName, Item: item }));
      await registry.releaseTableLocks("a", other);
      expect((await registry.lockHolders([TABLE])).get(TABLE)).toEqual(run("a"));
      await registry.releaseTableLocks("a", purpose);
      expect((await registry.lockHolders([TABLE])).size).toBe(0);
    }
  });

  it("says how many tables a run may lock, and what to do", async () => {
    const { dynamo, tableName } = await emptyTable();
    const registry = new DynamoRunRegistry({ client: dynamo, tableName });
    const tables = Array.from({ length: 120 }, (_, index) => `crm/public.t${String(index)}`);
    await expect(registry.acquireTableLocks(run("a", { tables }))).rejects.toThrow(
      /run "a": locks 120 tables.*100 items.*Split the migration.*at most 99 tables/,
    );
  });

  it.each([
    ["alarms", { S: "errors" }],
    ["tables", { SS: ["crm/public.contacts"] }],
    ["paused", { M: { by: { S: "ann" } } }],
    ["startedBy", { N: "1" }],
  ])("does not guess at a run whose %s was edited", async (attribute, value) => {
    const { dynamo, tableName } = await emptyTable();
    const registry = new DynamoRunRegistry({ client: dynamo, tableName });
    await registry.acquireTableLocks(run("a"));
    const { Item } = await dynamo.send(new GetItemCommand({ TableName: tableName, Key: { id: { S: "run#a" } } }));
    await dynamo.send(
      new PutItemCommand({ TableName: tableName, Item: { ...Item, [attribute]: value as AttributeValue } }),
    );
    await expect(registry.run("a")).rejects.toThrow(new RegExp(`"run#a".*"${attribute}"`));
  });

  it("forgets who starts a run after a day, whenever DynamoDB deletes the item", async () => {
    const { dynamo, tableName } = await emptyTable();
    const registry = new DynamoRunRegistry({ client: dynamo, tableName });
    await registry.recordInitiator("a", "ann");
    const key = { id: { S: "start#a" } };
    const { Item } = await dynamo.send(new GetItemCommand({ TableName: tableName, Key: key }));
    const seconds = Number(Item?.["expiresAt"]?.N) - Date.now() / 1_000;
    expect(Math.round(seconds / 60)).toBe(1_440);
    await dynamo.send(new PutItemCommand({ TableName: tableName, Item: { ...Item, ...key, expiresAt: { N: "1" } } }));
    expect(await registry.initiator("a")).toBeUndefined();
    await registry.recordInitiator("a", "bob");
    expect(await registry.initiator("a")).toBe("bob");
  });

  it("tells a missing table from a service that does not answer", async () => {
    const missing = new DynamoRunRegistry({ client: new DynamoDBClient(client()), tableName: "no-such-table" });
    await expect(missing.run("a")).rejects.toThrow(NotFound);
    const nobody = new DynamoDBClient({ ...client(), endpoint: "http://127.0.0.1:1" });
    await expect(new DynamoRunRegistry({ client: nobody, tableName: "t" }).run("a")).rejects.toThrow(
      ServiceUnavailable,
    );
  });
});
