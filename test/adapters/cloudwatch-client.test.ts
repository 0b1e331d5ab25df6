import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, it } from "vitest";
import { CloudWatchAlarms } from "../../adapters/cloudwatch/alarms.ts";
import { cloudWatchClient } from "../../adapters/cloudwatch/cloudwatch-client.ts";
import { CloudWatchMetrics } from "../../adapters/cloudwatch/metrics.ts";
import { ServiceUnavailable } from "../../core/errors.ts";
import { clientConfig } from "../support/emulator.ts";

let silent: Server | undefined;

afterEach(() => {
  silent?.closeAllConnections();
  silent?.close();
});

/** Takes every connection and answers none: an endpoint of a VPC that lost its way. */
async function silentEndpoint(): Promise<string> {
  const server = createServer(() => undefined);
  silent = server;
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
}

it("gives a CloudWatch up that does not answer, which a gate then holds for", { timeout: 60_000 }, async () => {
  const client = cloudWatchClient(clientConfig(await silentEndpoint()));
  const metric = { id: "m", namespace: "CRM", metric: "Errors", dimensions: {}, statistic: "Sum" };
  const query = { metrics: [metric], expression: "m", periodSeconds: 60, overSeconds: 60 };
  await Promise.all([
    expect(new CloudWatchAlarms({ client }).states(["errors"])).rejects.toThrow(ServiceUnavailable),
    expect(new CloudWatchMetrics({ client }).values(query, new Date())).rejects.toThrow(ServiceUnavailable),
  ]);
});
