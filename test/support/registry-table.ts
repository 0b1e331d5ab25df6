import { CreateTableCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import type { ClientConfig } from "./emulator.ts";

let count = 0;

/** An empty run registry on the emulator, as the stack makes it. */
export async function emptyControlTable(
  config: ClientConfig,
): Promise<{ readonly client: DynamoDBClient; readonly tableName: string }> {
  const client = new DynamoDBClient(config);
  const tableName = `registry-${String(process.pid)}-${String(++count)}`;
  await client.send(
    new CreateTableCommand({
      TableName: tableName,
      BillingMode: "PAY_PER_REQUEST",
      KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
      AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }],
    }),
  );
  return { client, tableName };
}
