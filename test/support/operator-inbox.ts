import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { ConfirmSubscriptionCommand, type SNSClient, SubscribeCommand } from "@aws-sdk/client-sns";
import { z } from "zod";

/** What SNS posts to an endpoint: https://docs.aws.amazon.com/sns/latest/dg/http-notification-json.html */
const postSchema = z.object({
  Type: z.string(),
  Subject: z.string().optional(),
  Message: z.string(),
  Token: z.string().optional(),
});

export interface OperatorMessage {
  readonly subject: string;
  readonly body: string;
}

/** Everything that the operators' topic sends, as its subscriber gets it. */
export class OperatorInbox {
  readonly messages: OperatorMessage[] = [];

  private constructor(private readonly server: Server) {}

  /** Subscribes over HTTP and confirms. */
  static async open(sns: SNSClient, topicArn: string): Promise<OperatorInbox> {
    const server = createServer();
    const inbox = new OperatorInbox(server);
    const confirmed = new Promise<void>((resolve, reject) => {
      server.on("request", (request, response) => {
        const chunks: Buffer[] = [];
        request.on("data", (chunk: Buffer) => chunks.push(chunk));
        request.on("end", () => {
          response.end();
          const post = postSchema.parse(JSON.parse(Buffer.concat(chunks).toString("utf8")));
          if (post.Type === "Notification") {
            inbox.messages.push({ subject: post.Subject ?? "", body: post.Message });
            return;
          }
          const confirm = new ConfirmSubscriptionCommand({ TopicArn: topicArn, Token: post.Token });
          sns.send(confirm).then(() => resolve(), reject);
        });
      });
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    if (address === null || typeof address === "string") throw new TypeError("a TCP server has a port");
    const Endpoint = `http://127.0.0.1:${String(address.port)}/`;
    await sns.send(new SubscribeCommand({ TopicArn: topicArn, Protocol: "http", Endpoint }));
    await confirmed;
    return inbox;
  }

  /** Those that name a run, oldest first. */
  about(runId: string): readonly OperatorMessage[] {
    const whole = new RegExp(`(^|[^A-Za-z0-9-])${runId}($|[^A-Za-z0-9-])`, "m");
    return this.messages.filter(({ subject, body }) => whole.test(subject) || whole.test(body));
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, "close");
  }
}
