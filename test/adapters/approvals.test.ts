import { GetItemCommand, PutItemCommand } from "@aws-sdk/client-dynamodb";
import { describe, expect, it } from "vitest";
import { DynamoApprovals } from "../../adapters/registry/approvals.ts";
import { ServiceRefused } from "../../core/errors.ts";
import { emptyControlTable } from "../support/registry-table.ts";
import { useEmulator } from "../support/emulator.ts";
import { FakeApprovals } from "../support/fakes.ts";
import { approval, approvalsContract } from "./approvals.conformance.ts";

const { client } = useEmulator();
const KEY = { id: { S: "approval#a#before_cutover" } };

approvalsContract("DynamoDB", async () => new DynamoApprovals(await emptyControlTable(client())));
approvalsContract("in memory", () => Promise.resolve(new FakeApprovals()));

describe("approvals on DynamoDB", () => {
  it("keeps what was asked for ninety days past its deadline", async () => {
    const table = await emptyControlTable(client());
    await new DynamoApprovals(table).request(approval());
    const { Item } = await table.client.send(new GetItemCommand({ TableName: table.tableName, Key: KEY }));
    expect(new Date(Number(Item?.["expiresAt"]?.N) * 1_000).toISOString()).toBe("2026-04-05T10:00:00.000Z");
    expect(Item?.["runId"]?.S).toBe("a");
  });

  it("does not guess at an answer that was edited", async () => {
    const table = await emptyControlTable(client());
    const approvals = new DynamoApprovals(table);
    await approvals.request(approval());
    const { Item } = await table.client.send(new GetItemCommand({ TableName: table.tableName, Key: KEY }));
    const decision = Object.fromEntries(["answer", "by", "at", "reason"].map((key) => [key, { S: "perhaps" }]));
    const edited = { ...Item, ...KEY, decision: { M: decision } };
    await table.client.send(new PutItemCommand({ TableName: table.tableName, Item: edited }));
    await expect(approvals.find("a", "before_cutover")).rejects.toThrow(ServiceRefused);
    await expect(approvals.ofRun("a")).rejects.toThrow(/approval#a#before_cutover.*decision/);
  });
});
