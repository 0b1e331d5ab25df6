import {
  CreateStateMachineCommand,
  DescribeExecutionCommand,
  SFNClient,
  StartExecutionCommand,
} from "@aws-sdk/client-sfn";
import { describe, expect, it, vi } from "vitest";
import { StepFunctionsExecutions } from "../../adapters/executions.ts";
import { ServiceUnavailable } from "../../core/errors.ts";
import { useEmulator } from "../support/emulator.ts";
import { FakeExecutions } from "../support/fakes.ts";
import { executionsContract } from "./executions-contract.ts";

const { client } = useEmulator();
let count = 0;

async function stepFunctionsHarness() {
  const sfn = new SFNClient(client());
  const running = await start(sfn, { Type: "Wait", Seconds: 3_600, End: true });
  const succeeded = await start(sfn, { Type: "Succeed" });
  const executions = new StepFunctionsExecutions({ client: sfn });
  await vi.waitFor(async () => {
    expect(await executions.status(succeeded)).toBe("SUCCEEDED");
  });
  return { executions, running, succeeded, missing: `${running}-not`, sfn };
}

async function start(sfn: SFNClient, state: object): Promise<string> {
  const { stateMachineArn } = await sfn.send(
    new CreateStateMachineCommand({
      name: `machine${String(++count)}`,
      definition: JSON.stringify({ StartAt: "Only", States: { Only: state } }),
      roleArn: "arn:aws:iam::000000000000:role/test",
    }),
  );
  const { executionArn = "" } = await sfn.send(new StartExecutionCommand({ stateMachineArn }));
  return executionArn;
}

executionsContract("Step Functions", stepFunctionsHarness);
executionsContract("in memory", () => {
  const executions = new FakeExecutions();
  executions.set("running", "RUNNING");
  executions.set("succeeded", "SUCCEEDED");
  return Promise.resolve({ executions, running: "running", succeeded: "succeeded", missing: "missing" });
});

describe("executions on Step Functions", () => {
  it("leaves the reason with the stopped execution, cut to what the service takes", async () => {
    const { executions, running, sfn } = await stepFunctionsHarness();
    await executions.stop(running, { error: "E".repeat(300), cause: "C".repeat(40_000) });
    const { error, cause } = await sfn.send(new DescribeExecutionCommand({ executionArn: running }));
    expect(error).toBe("E".repeat(256));
    expect(cause).toBe("C".repeat(32_768));
  });

  it("does not take silence for an execution that has ended", async () => {
    const nobody = new SFNClient({ ...client(), endpoint: "http://127.0.0.1:1" });
    const executions = new StepFunctionsExecutions({ client: nobody });
    await expect(executions.stop("arn:aws:states:::execution:m:r", { error: "E", cause: "C" })).rejects.toThrow(
      ServiceUnavailable,
    );
  });
});
