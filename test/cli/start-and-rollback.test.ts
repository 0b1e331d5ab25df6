import { CloudFormationClient, CreateStackCommand, DescribeStacksCommand } from "@aws-sdk/client-cloudformation";
import { CreateStateMachineCommand, SFNClient } from "@aws-sdk/client-sfn";
import { beforeAll, describe, expect, it } from "vitest";
import { remoteError } from "../../cli/services/remote-error.ts";
import type { Services, StackOutputs } from "../../cli/services/services.ts";
import { stackOutputs } from "../../cli/services/stack-outputs.ts";
import { executionArn } from "../../cli/services/execution-arn.ts";
import { StepFunctionsConsole } from "../../cli/services/state-machines.ts";
import { ConfigurationInvalid, DecisionRefused, NotFound, ServiceUnavailable } from "../../core/errors.ts";
import type { Phase } from "../../core/plan/phases.ts";
import { purpose } from "../../core/run/operator/purpose.ts";
import { useEmulator } from "../support/emulator.ts";
import { FakeRunRegistry } from "../support/fakes.ts";
import { testCli } from "./test-cli.ts";

const { client } = useEmulator();
const ROLE = "arn:aws:iam::000000000000:role/states";

const ANA = "arn:aws:iam::000000000000:user/ana";

const refusal = (name: string): object => ({
  Type: "Pass",
  Result: { Error: name, Cause: JSON.stringify({ errorMessage: 'column "x": exists already. Drop it' }) },
  ResultPath: "$.error",
  Next: "Refused",
});

const BUILDS_ON = 'goes on with the plan of run "thursday": 120 of 120 shards are backfilled already';

/** The shape of the real machine's beginning and ends, without its Lambdas: some migrations are refused. */
const MIGRATION = {
  StartAt: "Preflight",
  States: {
    Preflight: { Type: "Pass", Result: { message: BUILDS_ON }, ResultPath: "$.run", Next: "Outcome" },
    Outcome: {
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

const UNDO = {
  StartAt: "ClaimUndo",
  States: {
    ClaimUndo: {
      Type: "Choice",
      Choices: [{ Variable: "$.run", StringEquals: "in-use", Next: "Refused" }],
      Default: "Undone",
    },
    Refused: { Type: "Fail", Error: "UndoRefused", Cause: JSON.stringify({ errorMessage: 'run "in-use": is active' }) },
    Undone: { Type: "Succeed" },
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
    registryTable: "registry",
    all: { StartFunction: "function:start", UndoStateMachineArn: await machine("undo", UNDO) },
  };
  const console = new StepFunctionsConsole({ client: sfn });
  services = {
    stack: () => Promise.resolve(stack),
    stateMachines: () => console,
    proof: (text) => Promise.resolve({ query: `signed: ${text}` }),
    caller: () => Promise.resolve(ANA),
    functions: () => ({ invoke: (_, request) => startFunction(console, request) }),
  };
});

/** What the stack's function does after it has identified the caller: it starts the machine under the run's name. */
async function startFunction(
  console: StepFunctionsConsole,
  { run, migration, proof }: Readonly<Record<string, unknown>>,
): Promise<unknown> {
  const [name, input] = [String(run), { migration: String(migration) }];
  expect(proof).toEqual({ query: `signed: ${purpose("start", { run: name, ...input })}` });
  const executionArn = await console.start({ stateMachineArn: stack.migrationArn, name, input });
  if (executionArn !== undefined) return { run, executionArn };
  const { name: errorType, message: errorMessage } = new DecisionRefused({
    object: `run "${name}"`,
    problem: "there is an execution of this name",
    remedy: "Start it under another name",
  });
  throw remoteError("function:start", JSON.stringify({ errorType, errorMessage }));
}

const sluice: ReturnType<typeof testCli> = (...args) => testCli({ services })(...args);

describe("sluice start", () => {
  it("starts a run with the migration's name and waits until pre-flight has passed it", async () => {
    const { code, out } = await sluice("start", "lead-source");
    expect(code).toBe(0);
    expect(out).toContain("✓ lead-source-20260105T090000 passed pre-flight");
    expect(out).toContain("sluice status lead-source-20260105T090000 --watch");
  });

  it("tells what the run builds on", async () => {
    const { out } = await sluice("start", "lead-source", "--name", "told");
    expect(out).toContain(`✓ told passed pre-flight\n  ${BUILDS_ON}\n`);
    const { out: json } = await sluice("start", "lead-source", "--name", "told-2", "--json");
    expect(JSON.parse(json)).toMatchObject({ run: "told-2", status: "RUNNING", message: BUILDS_ON });
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
    expect(code).toBe(3);
    expect(err).toBe('✗ run "taken"\n  there is an execution of this name\n  → Start it under another name\n');
  });

  it.each([["a name with spaces"], ["x".repeat(72)], ["ümlaut"]])("refuses %j as a name", async (name) => {
    const { code, err } = await sluice("start", "lead-source", "--name", name);
    expect(code).toBe(2);
    expect(err).toContain("at most 71");
  });
});

const RETURNED = "all traffic is on the old path; the expanded schema stays, and sluice undo";

/** The same stack, with a run registry in which `wednesday` was rolled back, and whatever came of it. */
async function rolledBack(phase: "rolled-back" | "undoing" | "undone", successor?: Phase): Promise<Partial<Services>> {
  const registry = new FakeRunRegistry();
  const runs = [
    ["wednesday", "2026-01-05T09:00:00.000Z", phase],
    ["thursday", "2026-01-06T09:00:00.000Z", successor],
  ];
  for (const [runId = "", startedAt = "", of] of runs) {
    if (of === undefined) continue;
    const run = { runId, startedAt, updatedAt: startedAt, phase: of as Phase, alarms: [], planHash: "a".repeat(64) };
    const executionArn = executionArnOf(runId);
    await registry.acquireTableLocks({ ...run, migration: "lead-source", executionArn, tables: [`crm/crm.${runId}`] });
  }
  return { ...services, registry: () => Promise.resolve(registry) };
}

const namedError = (name: string, message: string): Error => Object.assign(new Error(message), { name });

const executionArnOf = (run: string): string => executionArn(stack.migrationArn, run);

describe("sluice rollback of a run that was rolled back before", () => {
  it("says so, with what its rollback left", async () => {
    const again = testCli({ services: await rolledBack("rolled-back") });
    expect((await again("rollback", "wednesday")).out).toBe(
      `✓ wednesday was rolled back already: ${RETURNED} wednesday removes it\n`,
    );
  });

  it.each([
    ["undoing", "what it had added is being removed"],
    ["undone", "what it had added was removed"],
  ] as const)("starts nothing where it is %s, and says that", async (phase, what) => {
    const again = testCli({ services: { ...(await rolledBack(phase)), stateMachines: undefined as never } });
    const message = `was rolled back already, and ${what}: all traffic is on the old path`;
    expect(await again("rollback", "wednesday")).toMatchObject({ code: 0, out: `✓ wednesday ${message}\n` });
    const { out } = await again("rollback", "wednesday", "--json");
    expect(JSON.parse(out)).toEqual({ run: "wednesday", phase, message });
  });

  it.each([
    ["rolled-back", "soak", "Roll that one back: sluice rollback thursday"],
    ["undone", "cutover", "Roll that one back: sluice rollback thursday"],
    ["rolled-back", "done", "See where that one stands: sluice status thursday"],
  ] as const)("names the run that came after one that is %s: %s", async (phase, next, remedy) => {
    const again = testCli({ services: await rolledBack(phase, next) });
    const { code, out, err } = await again("rollback", "wednesday");
    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(err.replaceAll(/\n +/g, " ")).toContain(
      `run "wednesday" was rolled back already, and run "thursday" of the migration came after it, which is in phase ${next} → ${remedy}`,
    );
  });

  it("rolls back where the run registry does not answer", async () => {
    const busy = new ServiceUnavailable({ object: "table", problem: "is busy", remedy: "Retry" });
    const { code } = await testCli({ services: { ...services, registry: () => Promise.reject(busy) } })(
      ...["rollback", "blind"],
    );
    expect(code).toBe(0);
  });
});

describe("sluice rollback", () => {
  it("waits for the end and says what happened", async () => {
    const { code, out } = await sluice("rollback", "friday", "--reason", "p99 doubled");
    expect(code).toBe(0);
    expect(out).toBe(`✓ friday ${RETURNED} friday removes it\n`);
  });

  it("hands the run and the reason over", async () => {
    const { out } = await sluice("rollback", "saturday", "--reason", "p99 doubled", "--json");
    expect(JSON.parse(out)).toMatchObject({
      run: "saturday",
      status: "SUCCEEDED",
      output: { run: "saturday", reason: "p99 doubled", by: ANA },
    });
  });

  it("waits for nobody to say who asks", async () => {
    const anonymous = { ...services, caller: () => Promise.resolve(undefined) };
    const { code, out } = await testCli({ services: anonymous })("rollback", "monday", "--json");
    expect(code).toBe(0);
    expect((JSON.parse(out) as { readonly output: object }).output).not.toHaveProperty("by");
  });

  it("is what abort does", async () => {
    const { code, out } = await sluice("abort", "tuesday", "--reason", "another week");
    expect(code).toBe(0);
    expect(out).toBe(`✓ tuesday ${RETURNED} tuesday removes it\n`);
    const { out: json } = await sluice("rollback", "tuesday", "--json");
    expect(JSON.parse(json)).toMatchObject({ output: { reason: "another week" } });
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
    const third = await sluice("rollback", "too-late", "--json");
    const arns = [first, third].map(({ out }) => (JSON.parse(out) as { readonly executionArn: string }).executionArn);
    expect(arns).toEqual(["rollback-too-late", "again3-too-late"].map((name) => executionArn(stack.rollbackArn, name)));
  });

  it("ends with 4 for a run that is not there", async () => {
    expect((await sluice("rollback", "nobody")).code).toBe(4);
  });
});

describe("sluice undo", () => {
  it("says of a run that was undone that it was, whatever the table has by now", async () => {
    const again = testCli({ services: await rolledBack("undone", "backfill") });
    expect((await again("undo", "wednesday", "--yes")).out).toBe(
      "✓ wednesday was undone already; what it had added is gone\n",
    );
  });

  it("asks, removes the expanded schema, and says so", async () => {
    const { code, out } = await testCli({ services, answer: true })("undo", "friday", "--reason", "another plan");
    expect(code).toBe(0);
    expect(out).toBe("✓ friday the expanded schema is gone\n");
    const { out: json } = await sluice("undo", "friday", "--yes", "--json");
    expect(JSON.parse(json)).toEqual({
      run: "friday",
      executionArn: executionArn(stack.all["UndoStateMachineArn"] ?? "", "undo-friday"),
      status: "SUCCEEDED",
      output: expect.objectContaining({ run: "friday", reason: "another plan", by: ANA }) as object,
    });
  });

  it("drops nothing where the answer is no, or nobody can give one", async () => {
    const refused = await testCli({ services, answer: false })("undo", "kept");
    expect(refused).toMatchObject({ code: 0, out: "", err: "nothing was dropped\n" });
    const unasked = await sluice("undo", "kept");
    expect(unasked.code).toBe(2);
    expect(unasked.err).toContain("✗ sluice undo\n  asks before it changes anything");
    const arn = executionArn(stack.all["UndoStateMachineArn"] ?? "", "undo-kept");
    expect(await new StepFunctionsConsole({ client: sfn }).describe(arn)).toEqual({ status: "missing" });
  });

  it("ends with 3 where it is refused, and tries again when asked again", async () => {
    const { code, err } = await sluice("undo", "in-use", "--yes");
    expect(code).toBe(3);
    expect(err).toContain('✗ undo of "in-use" UndoRefused\n  run "in-use": is active\n');
    const again = await sluice("undo", "in-use", "--yes", "--json");
    expect(again.code).toBe(3);
    expect(JSON.parse(again.out)).toMatchObject({
      executionArn: executionArn(stack.all["UndoStateMachineArn"] ?? "", "undo2-in-use"),
    });
  });

  it("ends with 4 where the stack is older than the command", async () => {
    const old = { ...services, stack: () => Promise.resolve({ ...stack, all: {} }) };
    const { code, err } = await testCli({ services: old })("undo", "friday", "--yes");
    expect(code).toBe(4);
    expect(err).toContain('output "UndoStateMachineArn" of the stack');
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

  it("reads a gate's evaluation in full, and takes no state that waits for a callback, or hands over, for one with a message", async () => {
    const gate = {
      gate: "before_cutover",
      status: "ask",
      readings: [
        { kind: "sql", name: "idle", value: "true", threshold: "true", status: "pass", reason: "" },
        // Of a version that knows more kinds.
        { kind: "tide", name: "harbour", value: "2 m", threshold: "at most 3 m", status: "pass", reason: "" },
      ],
      stableSeconds: 5,
      stableForSeconds: 0,
      waitedSeconds: 0,
      timeoutSeconds: 60,
    };
    const said = { status: "callback", waitSeconds: 60, message: "asks a person", gate };
    const task = { Type: "Task", Resource: "arn:aws:states:::aws-sdk:sfn:listStateMachines" };
    const console = new StepFunctionsConsole({ client: sfn });
    const arn = await machine("gates", {
      StartAt: "GateBeforeCutover",
      States: {
        GateBeforeCutover: {
          ...task,
          ResultSelector: said,
          ResultPath: "$.step",
          Next: "WaitForCallbackBeforeCutover",
        },
        WaitForCallbackBeforeCutover: { ...task, ResultPath: null, Next: "RollBack" },
        RollBack: { ...task, ResultPath: "$.rollback", Next: "Wait" },
        Wait: { Type: "Wait", Seconds: 120, End: true },
      },
    });
    const execution = (await console.start({ stateMachineArn: arn, name: "one", input: { a: "b" } })) ?? "";
    await expect.poll(() => console.currentState(execution)).toBe("Wait");
    const seen = await console.lastStep(execution);
    expect(seen).toMatchObject({ state: "GateBeforeCutover", message: "asks a person", gate });
    expect(await console.firstOutput(execution)).toMatchObject({ a: "b", step: said });
  });

  it("knows nothing of an execution that is not there", async () => {
    const console = new StepFunctionsConsole({ client: sfn });
    const arn = executionArn(stack.migrationArn, "nobody");
    expect(await console.describe(arn)).toEqual({ status: "missing" });
    expect(await console.lastStep(arn)).toBeUndefined();
    expect(await console.firstOutput(arn)).toBeUndefined();
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
    const names = {
      MigrationStateMachineArn: "machine",
      RollbackStateMachineArn: "rollback",
      RegistryTable: "registry",
    };
    const plain = await deploy("Plain", outputs(names));
    expect(await stackOutputs(plain, "Plain")).toMatchObject({ migrationArn: "machine", registryTable: "registry" });
    await deploy("Versioned", outputs({ ...names, MigrationAliasArn: "machine:live" }));
    expect(await stackOutputs(plain, "Versioned")).toMatchObject({ migrationArn: "machine:live" });
  });

  it.each([
    ["no region", { region: () => Promise.reject(new Error("Region is missing")) }],
    ["no credentials", { credentials: () => Promise.reject(namedError("CredentialsProviderError", "none found")) }],
  ])("tell whoever has %s that, and not that a permission is missing", async (_, missing) => {
    const cloudFormation = new CloudFormationClient({ ...client(), ...missing });
    await expect(stackOutputs(cloudFormation, "Sluice")).rejects.toThrow(ConfigurationInvalid);
    await expect(stackOutputs(cloudFormation, "Sluice")).rejects.toThrow(
      /(Region is missing|none found)\. Set AWS_REGION/,
    );
  });

  it("are refused where the stack is another one, or not there", async () => {
    const other = await deploy("Other", outputs({ Bucket: "b" }));
    await expect(stackOutputs(other, "Other")).rejects.toThrow('stack "Other": has no output MigrationStateMachineArn');
    await expect(stackOutputs(other, "Nowhere")).rejects.toBeInstanceOf(NotFound);
  });
});
