import { type DynamoDBClient, GetItemCommand, PutItemCommand } from "@aws-sdk/client-dynamodb";
import {
  CreateStateMachineCommand,
  DescribeExecutionCommand,
  SendTaskSuccessCommand,
  SFNClient,
  StartExecutionCommand,
} from "@aws-sdk/client-sfn";
import { describe, expect, it, vi } from "vitest";
import { StepFunctionsCallbacks } from "../../adapters/registry/callbacks.ts";
import { ServiceRefused, ServiceUnavailable, type SluiceError } from "../../core/errors.ts";
import { emptyControlTable } from "../support/registry-table.ts";
import { useEmulator } from "../support/emulator.ts";
import { FakeCallbacks } from "../support/fakes.ts";
import { type StandbysHarness, standbysContract } from "./callbacks.conformance.ts";

const { client } = useEmulator();
const LATER = new Date("2027-01-01T00:00:00Z");

interface OnStepFunctions extends StandbysHarness {
  readonly dynamo: DynamoDBClient;
  readonly tableName: string;
  readonly stepFunctions: SFNClient;
}

/** Executions that wait for a callback, whose tokens they put where the test finds them. */
async function stepFunctionsHarness(): Promise<OnStepFunctions> {
  const { client: dynamo, tableName } = await emptyControlTable(client());
  const stepFunctions = new SFNClient(client());
  const { stateMachineArn } = await stepFunctions.send(
    new CreateStateMachineCommand({
      name: `waits-${tableName}`,
      definition: JSON.stringify({ StartAt: "Wait", States: { Wait: waitState(tableName) } }),
      roleArn: "arn:aws:iam::000000000000:role/test",
    }),
  );
  const executions = new Map<string, string>();
  return {
    callbacks: new StepFunctionsCallbacks({ client: dynamo, tableName, stepFunctions }),
    wait: async () => {
      const { executionArn = "" } = await stepFunctions.send(new StartExecutionCommand({ stateMachineArn }));
      const token = await vi.waitFor(async () => {
        const key = { id: { S: executionArn } };
        const { Item } = await dynamo.send(new GetItemCommand({ TableName: tableName, Key: key }));
        return Item!["token"]!.S!;
      });
      executions.set(token, executionArn);
      return token;
    },
    // The emulator ends an execution a moment after the callback; one that goes on is looked at that much later.
    isOver: async (token) => {
      const executionArn = executions.get(token);
      for (let look = 0; look < 10; look++) {
        const { status } = await stepFunctions.send(new DescribeExecutionCommand({ executionArn }));
        if (status === "SUCCEEDED") return true;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      return false;
    },
    dynamo,
    tableName,
    stepFunctions,
  };
}

function waitState(tableName: string): object {
  return {
    Type: "Task",
    Resource: "arn:aws:states:::aws-sdk:dynamodb:putItem.waitForTaskToken",
    Parameters: {
      TableName: tableName,
      Item: { id: { "S.$": "$$.Execution.Id" }, token: { "S.$": "$$.Task.Token" } },
    },
    TimeoutSeconds: 60,
    End: true,
  };
}

standbysContract("Step Functions", stepFunctionsHarness);
standbysContract("in memory", () => {
  const callbacks = new FakeCallbacks();
  let count = 0;
  return Promise.resolve({
    callbacks,
    wait: () => Promise.resolve(`token ${String(++count)}`),
    isOver: (token: string) => Promise.resolve(callbacks.woken.includes(token)),
  });
});

describe("callbacks on Step Functions", () => {
  const item = async ({ dynamo, tableName }: OnStepFunctions) =>
    (await dynamo.send(new GetItemCommand({ TableName: tableName, Key: { id: { S: "callback#a" } } }))).Item;

  it("keeps the token until the run is woken, and lets DynamoDB forget it at last", async () => {
    const harness = await stepFunctionsHarness();
    const token = await harness.wait();
    await harness.callbacks.keep("a", token, LATER);
    expect(await item(harness)).toEqual({
      id: { S: "callback#a" },
      token: { S: token },
      expiresAt: { N: String(LATER.getTime() / 1_000) },
    });
    await harness.callbacks.wake("a");
    expect(await item(harness)).toBeUndefined();
  });

  it("takes a wait that is over already for woken: ended by another caller, or never begun", async () => {
    const harness = await stepFunctionsHarness();
    const token = await harness.wait();
    await harness.stepFunctions.send(new SendTaskSuccessCommand({ taskToken: token, output: "{}" }));
    for (const over of [token, "a token that never was"]) {
      await harness.callbacks.keep("a", over, LATER);
      await harness.callbacks.wake("a");
      expect(await item(harness)).toBeUndefined();
    }
  });

  it.each(["TaskTimedOut", "InvalidToken", "TaskDoesNotExist"])("takes %s for a wait that is over", async (name) => {
    const harness = await stepFunctionsHarness();
    const callbacks = answering(harness, Object.assign(new Error("no"), { name, $metadata: { httpStatusCode: 400 } }));
    await callbacks.keep("a", "token", LATER);
    await callbacks.wake("a");
    expect(await item(harness)).toBeUndefined();
  });

  it("leaves the token of a wait that began while it ended the one before", async () => {
    const harness = await stepFunctionsHarness();
    const [first, second] = [await harness.wait(), await harness.wait()];
    await harness.callbacks.keep("a", first, LATER);
    harness.stepFunctions.middlewareStack.add(
      (next) => async (args) => {
        await harness.callbacks.keep("a", second, LATER);
        return next(args);
      },
      { step: "initialize" },
    );
    await harness.callbacks.wake("a");
    expect(await item(harness)).toMatchObject({ token: { S: second } });
  });

  it.each([
    ["AccessDeniedException", 400, ServiceRefused],
    ["ThrottlingException", 400, ServiceUnavailable],
    ["InternalFailure", 500, ServiceUnavailable],
  ] as const)("keeps the token at %s, and out of the error", async (name, httpStatusCode, kind) => {
    const harness = await stepFunctionsHarness();
    const secret = "AQB-secret-token";
    const failure = Object.assign(new Error(`no: ${secret}`), { name, $metadata: { httpStatusCode } });
    const callbacks = answering(harness, failure);
    await callbacks.keep("a", secret, LATER);
    const error = await callbacks.wake("a").then(
      () => undefined,
      (thrown: SluiceError) => thrown,
    );
    expect(error).toBeInstanceOf(kind);
    expect(everyWordOf(error)).not.toContain(secret);
    expect(await item(harness)).toMatchObject({ token: { S: secret } });
  });

  it("keeps the token where a damaged item says something else", async () => {
    const harness = await stepFunctionsHarness();
    const damaged = { id: { S: "callback#a" }, token: { N: "1" } };
    await harness.dynamo.send(new PutItemCommand({ TableName: harness.tableName, Item: damaged }));
    await harness.callbacks.wake("a");
    expect(await item(harness)).toEqual(damaged);
  });
});

/** Callbacks to whom Step Functions says just this. */
function answering({ dynamo, tableName }: OnStepFunctions, failure: Error): StepFunctionsCallbacks {
  const stepFunctions = new SFNClient(client());
  stepFunctions.middlewareStack.add(() => () => Promise.reject(failure), { step: "initialize" });
  return new StepFunctionsCallbacks({ client: dynamo, tableName, stepFunctions });
}

/** The error and its causes as a logger prints them. */
function everyWordOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { message, stack = "", cause } = error;
  return [message, stack, JSON.stringify(error), everyWordOf(cause)].join("\n");
}
