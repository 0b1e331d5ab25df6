import { once } from "node:events";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, it } from "vitest";
import { AgentSource, FlagUnreadable } from "../../client/index.ts";

let server: Server | undefined;

afterEach(() => {
  server?.close().closeAllConnections();
});

/** An agent that answers every request so. */
async function agent(answer: (path: string, response: ServerResponse) => void): Promise<string> {
  server = createServer((request, response) => {
    answer(request.url ?? "", response);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
}

const location = { application: "sluice/prod", environment: "m", profile: "m" };

it("asks the agent for the whole profile, names escaped", async () => {
  const paths: string[] = [];
  const url = await agent((path, response) => {
    paths.push(path);
    response.end('{"m":{"enabled":true}}');
  });
  expect(await new AgentSource({ ...location, url: `${url}/` }).poll()).toBe('{"m":{"enabled":true}}');
  expect(paths).toEqual(["/applications/sluice%2Fprod/environments/m/configurations/m"]);
});

it("rejects where the agent knows no such flag or is not there", async () => {
  const url = await agent((_, response) => response.writeHead(404).end("not found"));
  const source = new AgentSource({ ...location, url });
  await expect(source.poll()).rejects.toThrow(FlagUnreadable);
  await expect(source.poll()).rejects.toThrow(/404/);
  await expect(new AgentSource({ ...location, url: "http://127.0.0.1:1" }).poll()).rejects.toThrow();
});

it("brings nothing where nothing was deployed yet", async () => {
  const url = await agent((_, response) => response.end());
  expect(await new AgentSource({ ...location, url }).poll()).toBeUndefined();
});
