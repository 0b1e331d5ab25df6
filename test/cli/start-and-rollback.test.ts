import { CloudFormationClient, CreateStackCommand, DescribeStacksCommand } from "@aws-sdk/client-cloudformation";
import { CreateStateMachineCommand, SFNClient } from "@aws-sdk/client-sfn";
import { beforeAll, describe, expect, it } from "vitest";
import type { Services, StackOutputs } from "../../cli/services/services.ts";
import { stackOutputs } from "../../cli/services/stack-outputs.ts";
import { executionArn, StepFunctionsConsole } from "../../cli/services/state-machines.ts";
import { NotFound } from "../../core/errors.ts";
import { useEmulator } from "../support/emulator.ts";
import { testCli } from "./test-cli.ts";

const { client } = useEmulator();
const ROLE = "arn:aws:iam::000000000000:role/states";

const refusal = (name: string): object => ({
  Type: "Pass",
  Result: { Error: name, Cause: JSON.stringify({ errorMessage: 'column "x": exists already. Drop it' }) },
  ResultPath: "$.error",
  Next: "Refused",
});

/** The shape of the real machine's beginning and ends, without its Lambdas: some migrations are refused. */
const MIGRATION = {
  StartAt: "Preflight",
  States: {
    Preflight: {
      Type: "Choice",
      Choices: ["PreflightRefused", "DatabaseUnavailable", "Runtime.HandlerError"].map((name) => ({
        Variable: "$.migration",
        StringEquals: name,
        Next: name,
      })),
      Default: "Expand",
    },
    PreflightRefused: refusal("PreflightRefused"),
    DatabaseUnavailable: refusal("DatabaseUnavailable"),
    "Runtime.HandlerError": refusal("Runtime.HandlerError"),
    Expand: { Type: "Wait", Seconds: 120, End: true },
    Refused: { Type: "Fail", ErrorPath: "$.error.Error", CausePath: "$.error.Cause" },
  },
};

const ROLLBACK = {
  StartAt: "ClaimRollback",
  States: {
    ClaimRollback: {
      Type: "Choice",
      Choices: [
        { Variable: "$.run", StringEquals: "too-late", Next: "TooLate" },
        { Variable: "$.run", StringEquals: "nobody", Next: "Missing" },
      ],
      Default: "RolledBack",
    },
    TooLate: { Type: "Fail", Error: "RollbackTooLate", Cause: "contract has begun" },
    Missing: { Type: "Fail", Error: "NotFound", Cause: "no such run" },
    RolledBack: { Type: "Succeed" },
  },
};

let sfn: SFNClient;
let services: Partial<Services>;
let stack: StackOutputs;

async function machine(name: string, definition: object): Promise<string> {
  const command = new CreateStateMachineCommand({ name, definition: JSON.stringify(definition), roleArn: ROLE });
  return (await sfn.send(command)).stateMachineArn ?? "";
}

beforeAll(async () => {
  sfn = new SFNClient(client());
  stack = {
    migrationArn: await machine("migration", MIGRATION),
    rollbackArn: await machine("rollback", ROLLBACK),
    controlTable: "control",
    all: {},
  };
  const console = new StepFunctionsConsole({ client: sfn });
  services = { stack: () => Promise.resolve(stack), stateMachines: () => console };
});

const sluice: ReturnType<typeof testCli> = (...args) => testCli({ services })(...args);

describe("sluice start", () => {
  it("starts a run with the migration's name and waits until pre-flight has passed it", async () => {
    const { code, out } = await sluice("start", "lead-source");
    expect(code).toBe(0);
    expect(out).toContain("✓ lead-source-20260105T090000 passed pre-flight");
    expect(out).toContain("sluice status lead-source-20260105T090000 --watch");
  });

  it("ends with 3 and the reason where pre-flight refuses", async () => {
    const { code, out, err } = await sluice("start", "PreflightRefused", "--name", "refused-1");
    expect(code).toBe(3);
    expect(out).toBe("");
    expect(err).toBe('✗ run "refused-1" PreflightRefused\n  column "x": exists already. Drop it\n');
  });

  it("gives a script the run, the ARN and the refusal", async () => {
    const { code, out } = await sluice("start", "PreflightRefused", "--name", "refused-2", "--json");
    expect(code).toBe(3);
    expect(JSON.parse(out)).toEqual({
      run: "refused-2",
      executionArn: executionArn(stack.migrationArn, "refused-2"),
      status: "FAILED",
      failure: { name: "PreflightRefused", message: 'column "x": exists already. Drop it' },
    });
  });

  it.each([
    ["DatabaseUnavailable", 5],
    ["Runtime.HandlerError", 3],
  ])("ends by the name of the error, or with 3 where it has none of ours: %s", async (migration, code) => {
    expect((await sluice("start", migration, "--name", `failed-${String(code)}`)).code).toBe(code);
  });

  it("does not wait where it is told not to", async () => {
    const { code, out } = await sluice("start", "PreflightRefused", "--name", "refused-3", "--no-wait");
    expect(code).toBe(0);
    expect(out).toContain("✓ refused-3 started");
  });

  it("does not take the name of another run", async () => {
    await sluice("start", "lead-source", "--name", "taken", "--no-wait");
    const { code, err } = await sluice("start", "other", "--name", "taken");
    expect(code).toBe(2);
    expect(err).toContain('run name "taken"\n  belongs to another run');
  });

  it.each([["a name with spaces"], ["x".repeat(72)], ["ümlaut"]])("refuses %j as a name", async (name) => {
    const { code, err } = await sluice("start", "lead-source", "--name", name);
    expect(code).toBe(2);
    expect(err).toContain("at most 71");
  });
});

describe("sluice rollback", () => {
  it("waits for the end and says what happened", async () => {
    const { code, out } = await sluice("rollback", "friday", "--reason", "p99 doubled");
    expect(code).toBe(0);
    expect(out).toBe("✓ friday all traffic is on the old path; the expanded schema stays\n");
  });

  it("hands the run and the reason over", async () => {
    const { out } = await sluice("rollback", "saturday", "--reason", "p99 doubled", "--json");
    expect(JSON.parse(out)).toMatchObject({
      run: "saturday",
      status: "SUCCEEDED",
      output: { run: "saturday", reason: "p99 doubled" },
    });
  });

  it("finds the rollback that was done already", async () => {
    await sluice("rollback", "sunday", "--reason", "first");
    const { code, out } = await sluice("rollback", "sunday", "--reason", "second", "--json");
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ output: { reason: "first" } });
  });

  it("ends with 1 where contract had begun, and tries again when asked again", async () => {
    const first = await sluice("rollback", "too-late", "--json");
    expect(first.code).toBe(1);
    expect(JSON.parse(first.out)).toMatchObject({
      failure: { name: "RollbackTooLate", message: "contract has begun" },
    });
    const { err } = await sluice("rollback", "too-late", "--reason", "really");
    expect(err).toContain('✗ rollback of "too-late" RollbackTooLate\n  contract has begun');
  });

  it("ends with 4 for a run that is not there", async () => {
    expect((await sluice("rollback", "nobody")).code).toBe(4);
  });
});

describe("the Step Functions console", () => {
  it("tells the message of the last step from the history", async () => {
    const console = new StepFunctionsConsole({ client: sfn });
    const arn = await machine("steps", {
      StartAt: "Expand",
      States: {
        Expand: {
          Type: "Task",
          Resource: "arn:aws:states:::aws-sdk:sfn:listStateMachines",
          ResultSelector: { status: "done", message: "added the column" },
          ResultPath: "$.step",
          Next: "Wait",
        },
        Wait: { Type: "Wait", Seconds: 120, End: true },
      },
    });
    const execution = (await console.start({ stateMachineArn: arn, name: "one", input: {} })) ?? "";
    await expect.poll(() => console.currentState(execution)).toBe("Wait");
    expect(await console.lastStep(execution)).toMatchObject({ state: "Expand", message: "added the column" });
  });

  it("knows nothing of an execution that is not there", async () => {
    const console = new StepFunctionsConsole({ client: sfn });
    const arn = executionArn(stack.migrationArn, "nobody");
    expect(await console.describe(arn)).toEqual({ status: "missing" });
    expect(await console.lastStep(arn)).toBeUndefined();
  });

  it("leaves the alias or version out of an execution's ARN", () => {
    const arn = "arn:aws:states:eu-west-1:111122223333:stateMachine:Sluice-migration:live";
    expect(executionArn(arn, "a")).toBe("arn:aws:states:eu-west-1:111122223333:execution:Sluice-migration:a");
  });
});

describe("the stack's outputs", () => {
  const outputs = (names: Readonly<Record<string, string>>): string =>
    JSON.stringify({
      Resources: { Topic: { Type: "AWS::SNS::Topic" } },
      Outputs: Object.fromEntries(Object.entries(names).map(([name, Value]) => [name, { Value }])),
    });

  async function deploy(StackName: string, template: string): Promise<CloudFormationClient> {
    const cloudFormation = new CloudFormationClient(client());
    await cloudFormation.send(new CreateStackCommand({ StackName, TemplateBody: template }));
    await expect
      .poll(async () => (await cloudFormation.send(new DescribeStacksCommand({ StackName }))).Stacks?.[0]?.StackStatus)
      .toBe("CREATE_COMPLETE");
    return cloudFormation;
  }

  it("start runs by the alias where there is one", async () => {
    const names = { MigrationStateMachineArn: "machine", RollbackStateMachineArn: "rollback", ControlTable: "control" };
    const plain = await deploy("Plain", outputs(names));
    expect(await stackOutputs(plain, "Plain")).toMatchObject({ migrationArn: "machine", controlTable: "control" });
    await deploy("Versioned", outputs({ ...names, MigrationAliasArn: "machine:live" }));
    expect(await stackOutputs(plain, "Versioned")).toMatchObject({ migrationArn: "machine:live" });
  });

  it("are refused where the stack is another one, or not there", async () => {
    const other = await deploy("Other", outputs({ Bucket: "b" }));
    await expect(stackOutputs(other, "Other")).rejects.toThrow('stack "Other": has no output MigrationStateMachineArn');
    await expect(stackOutputs(other, "Nowhere")).rejects.toBeInstanceOf(NotFound);
  });
});
