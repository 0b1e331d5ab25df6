import { PublishCommand, type SNSClient } from "@aws-sdk/client-sns";
import type { Notifier } from "../core/ports.ts";
import { translated } from "./translate-error.ts";

/** SNS takes 256 KiB a message. */
const MAX_BODY_BYTES = 262_144;
/** ASCII without line breaks (https://docs.aws.amazon.com/sns/latest/api/API_Publish.html). */
const MAX_SUBJECT = 100;

export interface SnsNotifierProps {
  readonly client: SNSClient;
  readonly topicArn: string;
}

/** Messages to the operators' SNS topic. */
export class SnsNotifier implements Notifier {
  readonly #props: SnsNotifierProps;

  constructor(props: SnsNotifierProps) {
    this.#props = props;
  }

  async notify(message: { readonly subject: string; readonly body: string }): Promise<void> {
    const { client, topicArn } = this.#props;
    await translated({ service: "SNS", object: `topic "${topicArn}"` }, () =>
      client.send(
        new PublishCommand({ TopicArn: topicArn, Subject: snsSubject(message.subject), Message: cut(message.body) }),
      ),
    );
  }
}

/** What SNS takes of a subject: accents dropped, any other character beyond ASCII a `?`, cut to 100. */
export function snsSubject(subject: string): string {
  const ascii = subject
    .normalize("NFKD")
    .replace(/\p{Mark}/gu, "")
    .replace(/\s+/g, " ")
    .replace(/[^\x20-\x7e]/gu, "?")
    .trim()
    .slice(0, MAX_SUBJECT)
    .trim();
  return ascii === "" ? "Sluice" : ascii;
}

/** At a character, so that the text stays UTF-8. SNS refuses an empty message. */
function cut(body: string): string {
  if (body === "") return "(no text)";
  const bytes = Buffer.from(body);
  if (bytes.length <= MAX_BODY_BYTES) return body;
  return new TextDecoder().decode(bytes.subarray(0, MAX_BODY_BYTES - 4), { stream: true });
}
