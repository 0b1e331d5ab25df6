import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { STSClient } from "@aws-sdk/client-sts";
import { proveCaller } from "../../adapters/callers.ts";
import { type OperatorCommand, purpose } from "../../core/run/operator/purpose.ts";
import type { ClientConfig } from "./emulator.ts";
import { createIamUser } from "./iam-user.ts";

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
    const { arn, credentials } = await createIamUser(config, name);
    return new Operator(arn, { ...config, credentials }, functionArn);
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
