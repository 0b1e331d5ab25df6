import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { STSClient } from "@aws-sdk/client-sts";
import { afterEach, describe, expect, it } from "vitest";
import { callerName } from "../../../cli/services/caller.ts";
import { clientConfig } from "../../support/emulator.ts";

const ANSWER = `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <GetCallerIdentityResult><Arn>arn:aws:iam::111122223333:user/ana</Arn></GetCallerIdentityResult>
</GetCallerIdentityResponse>`;

let server: Server | undefined;

afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

async function sts(listener: Parameters<typeof createServer>[1]): Promise<STSClient> {
  const started = createServer(listener);
  server = started;
  await new Promise<void>((resolve) => started.listen(0, "127.0.0.1", resolve));
  return new STSClient(clientConfig(`http://127.0.0.1:${String((started.address() as AddressInfo).port)}`));
}

describe("the name of who runs a command", () => {
  it("is what STS says", async () => {
    const client = await sts((_, response) => response.setHeader("content-type", "text/xml").end(ANSWER));
    expect(await callerName(client)).toBe("arn:aws:iam::111122223333:user/ana");
  });

  it("is left open where STS refuses", async () => {
    const client = await sts((_, response) => response.writeHead(403).end());
    expect(await callerName(client)).toBeUndefined();
  });

  it("is left open where STS never answers, and nothing waits for it any more", async () => {
    let abandoned = false;
    const client = await sts((request) => request.socket.once("close", () => (abandoned = true)));
    expect(await callerName(client, 50)).toBeUndefined();
    await expect.poll(() => abandoned).toBe(true);
  });

  it("is left open where the credentials are not to be had", async () => {
    const never = new Promise<never>(() => undefined);
    const client = new STSClient({ region: "us-east-1", credentials: () => never });
    expect(await callerName(client, 50)).toBeUndefined();
  });
});
