import type { ClientConfig } from "./emulator.ts";

export interface IamUser {
  readonly arn: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

/** A person with an IAM user and an access key of their own, on the emulator. */
export async function createIamUser({ endpoint }: ClientConfig, name: string): Promise<IamUser> {
  const user = await iam(endpoint, { Action: "CreateUser", UserName: name });
  const key = await iam(endpoint, { Action: "CreateAccessKey", UserName: name });
  return {
    arn: element(user, "Arn"),
    credentials: { accessKeyId: element(key, "AccessKeyId"), secretAccessKey: element(key, "SecretAccessKey") },
  };
}

/**
 * The IAM query API, as the emulator's root, whose signature it does not verify: a client of the SDK for two calls of
 * tests alone would be one dependency more.
 */
async function iam(endpoint: string, request: Readonly<Record<string, string>>): Promise<string> {
  const date = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, "");
  const scope = `test/${date.slice(0, 8)}/us-east-1/iam/aws4_request`;
  const response = await fetch(endpoint, {
    method: "POST",
    headers: {
      authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=${"0".repeat(64)}`,
      "x-amz-date": date,
    },
    body: new URLSearchParams({ ...request, Version: "2010-05-08" }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${request["Action"] ?? ""}: ${String(response.status)} ${text}`);
  return text;
}

function element(xml: string, name: string): string {
  const text = new RegExp(`<${name}>([^<]+)</${name}>`).exec(xml)?.[1];
  if (text === undefined) throw new Error(`no <${name}> in ${xml}`);
  return text;
}
