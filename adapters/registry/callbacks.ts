import { SendTaskSuccessCommand, type SFNClient } from "@aws-sdk/client-sfn";
import type { Callbacks } from "../../core/ports.ts";
import { errorName, translateError } from "../translate-error.ts";
import { RegistryTable, type RegistryTableProps, type Expression } from "./registry-table.ts";

export interface StepFunctionsCallbacksProps extends RegistryTableProps {
  readonly stepFunctions: SFNClient;
}

/** What Step Functions answers for a token that no task waits with any more. */
const OVER: readonly string[] = ["TaskTimedOut", "TaskDoesNotExist", "InvalidToken"];

const callbackKey = (runId: string): string => `callback#${runId}`;

/**
 * Callback tokens of Step Functions in the run registry: `callback#<runId>`, one a run, since a run waits at one place
 * at a time. A token lets any caller that has it end the wait, so it goes to Step Functions and nowhere else: the
 * message of an error of that call is not passed on, since it may quote the token.
 */
export class StepFunctionsCallbacks implements Callbacks {
  readonly #table: RegistryTable;
  readonly #stepFunctions: SFNClient;

  constructor(props: StepFunctionsCallbacksProps) {
    this.#table = new RegistryTable(props);
    this.#stepFunctions = props.stepFunctions;
  }

  async keep(runId: string, token: string, expiresAt: Date): Promise<void> {
    await this.#table.put({ id: callbackKey(runId), token, expiresAt: Math.ceil(expiresAt.getTime() / 1_000) });
  }

  async wake(runId: string): Promise<void> {
    const token = (await this.#table.get(callbackKey(runId)))?.["token"];
    if (typeof token !== "string") return;
    await this.#end(runId, token);
    // Refused where the run waits again, with another token, which is for another call to use.
    await this.#table.delete(callbackKey(runId), just(token));
  }

  async #end(runId: string, taskToken: string): Promise<void> {
    try {
      await this.#stepFunctions.send(new SendTaskSuccessCommand({ taskToken, output: "{}" }));
    } catch (error) {
      if (OVER.includes(errorName(error))) return;
      throw translateError(
        { service: "Step Functions", object: `the callback of run "${runId}"` },
        withoutMessage(error),
      );
    }
  }
}

function just(token: string): Expression {
  return { text: "#token = :token", names: { "#token": "token" }, values: { ":token": token } };
}

/** The name and the status alone: enough to translate the error. */
function withoutMessage(error: unknown): unknown {
  const { $metadata, code } = error as { readonly $metadata?: { readonly httpStatusCode?: number }; code?: unknown };
  const bare = Object.assign(new Error("its message is not repeated: it may quote the token"), {
    name: errorName(error),
    $metadata: { httpStatusCode: $metadata?.httpStatusCode },
    code,
  });
  delete bare.stack;
  return bare;
}
