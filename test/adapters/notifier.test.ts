import { CreateTopicCommand, SNSClient, SubscribeCommand } from "@aws-sdk/client-sns";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { afterEach, describe, expect, it, vi } from "vitest";
import { SnsNotifier, snsSubject } from "../../adapters/notifier.ts";
import { NotFound } from "../../core/errors.ts";
import { useEmulator } from "../support/emulator.ts";
import { FakeNotifier } from "../support/fakes.ts";
import { notifierContract } from "./notifier.conformance.ts";

const { client } = useEmulator();
const servers: Server[] = [];
let count = 0;

afterEach(() => {
  for (const server of servers.splice(0)) server.close().closeAllConnections();
});

interface Envelope {
  readonly Type: string;
  readonly Subject: string;
  readonly Message: string;
  readonly SubscribeURL: string;
}

/** A subscriber over HTTP that confirms its subscription as SNS asks, and keeps what it gets. */
async function subscriber(): Promise<{ readonly url: string; readonly envelopes: Envelope[] }> {
  const envelopes: Envelope[] = [];
  const server = createServer((request, response) => {
    void text(request).then(async (body) => {
      const envelope = JSON.parse(body) as Envelope;
      if (envelope.Type === "SubscriptionConfirmation") await fetch(envelope.SubscribeURL);
      envelopes.push(envelope);
      response.end();
    });
  }).listen(0, "127.0.0.1");
  servers.push(server);
  await once(server, "listening");
  return { url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/`, envelopes };
}

async function snsHarness() {
  const sns = new SNSClient(client());
  const { TopicArn: topicArn = "" } = await sns.send(new CreateTopicCommand({ Name: `topic${String(++count)}` }));
  const { url, envelopes } = await subscriber();
  await sns.send(new SubscribeCommand({ TopicArn: topicArn, Protocol: "http", Endpoint: url }));
  await vi.waitFor(() => {
    expect(envelopes.map(({ Type }) => Type)).toContain("SubscriptionConfirmation");
  });
  const received = () =>
    vi.waitFor(() => {
      const message = envelopes.findLast(({ Type }) => Type === "Notification");
      if (message === undefined) throw new Error("nothing has arrived");
      return { subject: message.Subject, body: message.Message };
    });
  return { notifier: new SnsNotifier({ client: sns, topicArn }), received, sns };
}

notifierContract("SNS", snsHarness);
notifierContract("in memory", () => {
  const notifier = new FakeNotifier();
  return Promise.resolve({
    notifier,
    received: () => {
      const message = notifier.messages.at(-1);
      return message === undefined ? Promise.reject(new Error("nothing has arrived")) : Promise.resolve(message);
    },
  });
});

describe("notifier on SNS", () => {
  it("makes any subject one that SNS takes", () => {
    expect(snsSubject("Zurück: “kontakt”\nnow")).toBe("Zuruck: ?kontakt? now");
    expect(snsSubject("x".repeat(101))).toBe("x".repeat(100));
    expect(snsSubject("\n\t")).toBe("Sluice");
  });

  it("cuts a body that is too long, at a character", async () => {
    const { notifier, received } = await snsHarness();
    await notifier.notify({ subject: "long", body: "é".repeat(200_000) });
    const { body } = await received();
    expect(body).toMatch(/^é+$/);
    expect(Buffer.byteLength(body)).toBeLessThanOrEqual(262_144);
    expect(Buffer.byteLength(body)).toBeGreaterThan(262_000);
  });

  it("sends a message without a body", async () => {
    const { notifier, received } = await snsHarness();
    await notifier.notify({ subject: "empty", body: "" });
    expect((await received()).body).not.toBe("");
  });

  it("says which topic is missing", async () => {
    const { sns } = await snsHarness();
    const notifier = new SnsNotifier({ client: sns, topicArn: "arn:aws:sns:us-east-1:000000000000:gone" });
    await expect(notifier.notify({ subject: "s", body: "b" })).rejects.toThrow(NotFound);
  });
});
