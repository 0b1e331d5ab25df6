import { InvokeCommand, type LambdaClient } from "@aws-sdk/client-lambda";
import { translated } from "../../adapters/translate-error.ts";
import { remoteError } from "./remote-error.ts";

/** The stack's functions that operators call. */
export interface Functions {
  /**
   * Calls a function and waits for its answer, parsed.
   *
   * @throws RemoteError with the name and the words of the error that the function ended with.
   */
  invoke(functionArn: string, payload: Readonly<Record<string, unknown>>): Promise<unknown>;
}

/** Functions of AWS Lambda. The client should not try again by itself: a decision whose answer was lost is decided. */
export class LambdaFunctions implements Functions {
  readonly #client: LambdaClient;

  constructor(props: { readonly client: LambdaClient }) {
    this.#client = props.client;
  }

  async invoke(functionArn: string, payload: Readonly<Record<string, unknown>>): Promise<unknown> {
    const command = new InvokeCommand({
      FunctionName: functionArn,
      InvocationType: "RequestResponse",
      Payload: new TextEncoder().encode(JSON.stringify(payload)),
    });
    const context = { service: "Lambda", object: `function "${functionArn}"` };
    const { FunctionError, Payload } = await translated(context, () => this.#client.send(command));
    const text = new TextDecoder().decode(Payload);
    if (FunctionError !== undefined) throw remoteError(functionArn, text);
    return parsed(text);
  }
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
