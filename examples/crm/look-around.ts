import { dirname, relative } from "node:path";
import type { Style } from "../../cli/output/style.ts";
import type { LocalStack } from "../../local/stack.ts";

/** How a person looks at a stack that was left running. */
export function lookAround({ state, connectionString }: LocalStack, style: Style): string {
  const folder = relative(process.cwd(), dirname(state.configFile));
  const endpoint = state.environment["AWS_ENDPOINT_URL"] ?? "";
  const credentials = "AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_REGION=us-east-1";
  const ways: readonly (readonly [string, string])[] = [
    ["the database", `psql '${connectionString}'`],
    ["runs", "npx sluice status"],
    ["AWS", `${credentials} aws --endpoint-url ${endpoint} stepfunctions list-state-machines`],
    ["the ledger", "select * from sluice.phase; select * from sluice.shard; select * from sluice.event;"],
    ["logs", `${folder}/emulator.log, ${folder}/cdk.log`],
  ];
  return [
    style.bold("  All of it is still running. Look around:"),
    ...ways.map(([what, how]) => `    ${what.padEnd(14)}${how}`),
    `  Ctrl-C here, or ${style.bold("npx sluice local down")} elsewhere, stops everything.`,
  ].join("\n");
}
