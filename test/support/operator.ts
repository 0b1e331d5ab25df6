import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { STSClient } from "@aws-sdk/client-sts";
import { proveCaller } from "../../adapters/callers.ts";
import { type OperatorCommand, purpose } from "../../core/run/purpose.ts";
import type { ClientConfig } from "./emulator.ts";

/** What a function answered: its result, or the error by which it refused. */
export type CommandOutcome =
  | { readonly done: Readonly<Record<string, unknown>> }
  | { readonly refused: { readonly name: string; readonly message: string } };

/** A person with an IAM user of their own, who calls Sluice's functions as the command line does. */
export class Operator {
  private constructor(
    readonly arn: string,
    private readonly config: ClientConfig,
    private readonly functionArn: (command: OperatorCommand) => string,
  ) {}

  static async create(
    name: string,
    config: ClientConfig,
    functionArn: (command: OperatorCommand) => string,
  ): Promise<Operator> {
    const user = await iam(config.endpoint, { Action: "CreateUser", UserName: name });
    const key = await iam(config.endpoint, { Action: "CreateAccessKey", UserName: name });
    const credentials = { accessKeyId: element(key, "AccessKeyId"), secretAccessKey: element(key, "SecretAccessKey") };
    return new Operator(element(user, "Arn"), { ...config, credentials }, functionArn);
  }

  /** Proves who asks, and asks. */
  async command(
    command: OperatorCommand,
    request: Readonly<Record<string, string | undefined>>,
  ): Promise<CommandOutcome> {
    const client = new STSClient(this.config);
    const proof = await proveCaller({ client, purpose: purpose(command, request), now: new Date() });
    const { FunctionError, Payload } = await new LambdaClient(this.config).send(
      new InvokeCommand({
        FunctionName: this.functionArn(command),
        Payload: new TextEncoder().encode(JSON.stringify({ ...request, proof })),
      }),
    );
    const answer = JSON.parse(new TextDecoder().decode(Payload)) as Readonly<Record<string, unknown>>;
    if (FunctionError === undefined) return { done: answer };
    return { refused: { name: String(answer["errorType"]), message: String(answer["errorMessage"]) } };
  }
}

/** The IAM query API: a client of the SDK for two calls of tests alone would be one dependency more. */
async function iam(endpoint: string, request: Readonly<Record<string, string>>): Promise<string> {
  const body = new URLSearchParams({ ...request, Version: "2010-05-08" });
  const response = await fetch(endpoint, { method: "POST", body });
  const text = await response.text();
  if (!response.ok) throw new Error(`${request["Action"] ?? ""}: ${String(response.status)} ${text}`);
  return text;
}

function element(xml: string, name: string): string {
  const text = new RegExp(`<${name}>([^<]+)</${name}>`).exec(xml)?.[1];
  if (text === undefined) throw new Error(`no <${name}> in ${xml}`);
  return text;
}
