import {
  CreateStateMachineCommand,
  DescribeExecutionCommand,
  SFNClient,
  StartExecutionCommand,
  StopExecutionCommand,
} from "@aws-sdk/client-sfn";
import { describe, expect, it, vi } from "vitest";
import { StepFunctionsExecutions } from "../../adapters/executions.ts";
import { ServiceUnavailable } from "../../core/errors.ts";
import { useEmulator } from "../support/emulator.ts";
import { FakeExecutions } from "../support/fakes.ts";
import { executionsContract } from "./executions.conformance.ts";

const { client } = useEmulator();
let count = 0;

async function stepFunctionsHarness() {
  const sfn = new SFNClient(client());
  const wait = { Type: "Wait", Seconds: 3_600, End: true };
  const running = await start(sfn, wait);
  const succeeded = await start(sfn, { Type: "Succeed" });
  const [migration, rollback] = [await machine(sfn, wait), await machine(sfn, wait)];
  const executions = new StepFunctionsExecutions({
    client: sfn,
    migrationMachineArn: () => migration,
    rollbackMachineArn: () => rollback,
  });
  await vi.waitFor(async () => {
    expect(await executions.status(succeeded)).toBe("SUCCEEDED");
  });
  const fail = async (executionArn: string) => {
    await sfn.send(new StopExecutionCommand({ executionArn }));
  };
  return { executions, running, succeeded, missing: `${running}-not`, fail, sfn };
}

async function machine(sfn: SFNClient, state: object): Promise<string> {
  const { stateMachineArn = "" } = await sfn.send(
    new CreateStateMachineCommand({
      name: `machine${String(++count)}`,
      definition: JSON.stringify({ StartAt: "Only", States: { Only: state } }),
      roleArn: "arn:aws:iam::000000000000:role/test",
    }),
  );
  return stateMachineArn;
}

async function start(sfn: SFNClient, state: object): Promise<string> {
  const stateMachineArn = await machine(sfn, state);
  const { executionArn = "" } = await sfn.send(new StartExecutionCommand({ stateMachineArn }));
  return executionArn;
}

executionsContract("Step Functions", stepFunctionsHarness);
executionsContract("in memory", () => {
  const executions = new FakeExecutions();
  executions.set("running", "RUNNING");
  executions.set("succeeded", "SUCCEEDED");
  const fail = (executionArn: string) => {
    executions.set(executionArn, "FAILED");
    return Promise.resolve();
  };
  return Promise.resolve({ executions, running: "running", succeeded: "succeeded", missing: "missing", fail });
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
    const executions = new StepFunctionsExecutions({
      client: nobody,
      migrationMachineArn: () => "unused",
      rollbackMachineArn: () => "unused",
    });
    await expect(executions.stop("arn:aws:states:::execution:m:r", { error: "E", cause: "C" })).rejects.toThrow(
      ServiceUnavailable,
    );
  });
});
