import { CloudFormationClient, CreateStackCommand, waitUntilStackCreateComplete } from "@aws-sdk/client-cloudformation";
import {
  CloudWatchClient,
  PutCompositeAlarmCommand,
  PutMetricAlarmCommand,
  PutMetricDataCommand,
  SetAlarmStateCommand,
} from "@aws-sdk/client-cloudwatch";
import { CreateBucketCommand, ListBucketsCommand, S3Client } from "@aws-sdk/client-s3";
import {
  CreateStateMachineCommand,
  DescribeExecutionCommand,
  ListExecutionsCommand,
  SendTaskSuccessCommand,
  SFNClient,
  StartExecutionCommand,
} from "@aws-sdk/client-sfn";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterEach, describe, expect, it, vi } from "vitest";
import { type Emulator, startEmulator } from "../../local/emulator.ts";
import { clientConfig, useEmulator } from "../support/emulator.ts";

const OWNER = fileURLToPath(new URL("emulator-owner.ts", import.meta.url));
const TIMEOUT_MS = 120_000;
const running: Emulator[] = [];

afterEach(async () => {
  vi.unstubAllEnvs();
  for (const emulator of running.splice(0)) await emulator.stop();
});

async function start(): Promise<Emulator> {
  const emulator = await startEmulator();
  running.push(emulator);
  return emulator;
}

/** Ids of a Lambda's worker process and of the emulator, which is its parent. */
interface Processes {
  readonly worker: number;
  readonly emulator: number;
}

const ROLE = "arn:aws:iam::000000000000:role/test";

async function createStack(url: string, name: string, resources: object): Promise<void> {
  const cloudFormation = new CloudFormationClient(clientConfig(url));
  const TemplateBody = JSON.stringify({ Resources: resources });
  await cloudFormation.send(new CreateStackCommand({ StackName: name, TemplateBody }));
  const wait = { client: cloudFormation, maxWaitTime: 30, minDelay: 1, maxDelay: 1 };
  await waitUntilStackCreateComplete(wait, { StackName: name });
}

/** A Lambda of this name, with this text of a CommonJS module. */
async function createFunction(url: string, name: string, source: string): Promise<void> {
  const Properties = {
    FunctionName: name,
    Runtime: "nodejs20.x",
    Handler: "index.handler",
    Role: ROLE,
    Code: { ZipFile: source },
  };
  await createStack(url, name, { Function: { Type: "AWS::Lambda::Function", Properties } });
}

/** Runs a Lambda on the emulator, so that there is a worker that could be left over. */
async function lambdaProcesses(url: string): Promise<Processes> {
  await createFunction(
    url,
    "whoami",
    "exports.handler = async () => ({ worker: process.pid, emulator: process.ppid });",
  );
  const response = await fetch(`${url}/2015-03-31/functions/whoami/invocations`, { method: "POST", body: "{}" });
  return (await response.json()) as Processes;
}

function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function gone({ worker, emulator }: Processes): Promise<void> {
  await vi.waitFor(() => {
    expect({ worker: runs(worker), emulator: runs(emulator) }).toEqual({ worker: false, emulator: false });
  }, 10_000);
}

describe("the emulator", { timeout: TIMEOUT_MS }, () => {
  it("answers the SDK that is configured by its environment alone", async () => {
    const emulator = await start();
    for (const [key, value] of Object.entries(emulator.environment)) vi.stubEnv(key, value);
    const { Account } = await new STSClient({}).send(new GetCallerIdentityCommand({}));
    expect(Account).toBe("000000000000");
    // A bucket is addressed by path, as its name cannot stand in front of an IP address.
    const s3 = new S3Client({});
    await s3.send(new CreateBucketCommand({ Bucket: "mine" }));
    expect((await s3.send(new ListBucketsCommand({}))).Buckets?.map(({ Name }) => Name)).toEqual(["mine"]);
  });

  it("keeps out what a developer's shell says about AWS", async () => {
    vi.stubEnv("AWS_PROFILE", "production");
    vi.stubEnv("AWS_SESSION_TOKEN", "real");
    const { environment } = await start();
    expect(environment).toMatchObject({ AWS_PROFILE: "", AWS_SESSION_TOKEN: "", AWS_ACCESS_KEY_ID: "test" });
  });

  it("shares nothing with another one that runs at the same time", async () => {
    const [one, two] = await Promise.all([start(), start()]);
    expect(one.url).not.toBe(two.url);
    await new S3Client(clientConfig(one.url)).send(new CreateBucketCommand({ Bucket: "mine" }));
    const { Buckets } = await new S3Client(clientConfig(two.url)).send(new ListBucketsCommand({}));
    expect(Buckets ?? []).toEqual([]);
  });

  it("listens on this machine only", async () => {
    const { url } = await start();
    expect(new URL(url).hostname).toBe("127.0.0.1");
    await expect(fetch(url.replace("127.0.0.1", "127.0.0.2"))).rejects.toThrow();
  });

  it("leaves no process and no file when it is stopped, once or again", async () => {
    const emulator = await start();
    const processes = await lambdaProcesses(emulator.url);
    expect(runs(processes.worker)).toBe(true);
    await emulator.stop();
    await emulator.stop();
    await gone(processes);
    expect(existsSync(dirname(emulator.logFile ?? ""))).toBe(false);
  });

  it("takes the emulator that AWS_ENDPOINT_URL names, and leaves it running", async () => {
    const { url } = await start();
    vi.stubEnv("AWS_ENDPOINT_URL", url);
    const given = await startEmulator();
    expect(given.url).toBe(url);
    expect(given.environment).toMatchObject({ AWS_ENDPOINT_URL: url, AWS_REGION: "us-east-1" });
    await given.stop();
    expect((await fetch(`${url}/_ministack/health`)).ok).toBe(true);
  });

  it("names its log's last lines where it does not start", async () => {
    const { url } = await start();
    await expect(startEmulator({ port: Number(new URL(url).port) })).rejects.toThrow(
      /MiniStack.*Address already in use/,
    );
  });
});

describe("the emulator's end with its owner", { timeout: TIMEOUT_MS }, () => {
  async function owned(...args: readonly string[]) {
    const owner = spawn(process.execPath, ["--import", "tsx", OWNER, ...args], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const exit = once(owner, "exit");
    const [line] = (await once(createInterface({ input: owner.stdout }), "line")) as readonly unknown[];
    const { url, logFile } = JSON.parse(String(line)) as { readonly url: string; readonly logFile: string };
    return { owner, exit, url, folder: dirname(logFile) };
  }

  it.each(["SIGKILL", "SIGTERM", "SIGINT", "SIGHUP"] as const)("comes with %s", async (signal) => {
    const { owner, exit, url, folder } = await owned();
    const processes = await lambdaProcesses(url);
    owner.kill(signal);
    await exit;
    await gone(processes);
    expect(existsSync(folder)).toBe(false);
  });

  it("does not keep a program alive that has nothing else to do", async () => {
    const { exit, url } = await owned("end");
    expect(await exit).toEqual([0, null]);
    await vi.waitFor(() => expect(fetch(url)).rejects.toThrow(), 10_000);
  });
});

describe("the emulator, as AWS", { timeout: TIMEOUT_MS }, () => {
  const { emulator, client } = useEmulator();
  let count = 0;

  async function machine(definition: object): Promise<string> {
    const { stateMachineArn = "" } = await new SFNClient(client()).send(
      new CreateStateMachineCommand({
        name: `machine${String(++count)}`,
        definition: JSON.stringify(definition),
        roleArn: ROLE,
      }),
    );
    return stateMachineArn;
  }

  describe("sends an alarm's change of state to EventBridge", () => {
    interface AlarmEvent {
      readonly source: string;
      readonly "detail-type": string;
      readonly resources: readonly string[];
      readonly time: string;
      readonly detail: {
        readonly alarmName: string;
        readonly state: { readonly value: string; readonly reason: string; readonly timestamp: string };
        readonly previousState: { readonly value: string };
      };
    }

    /** What a rule as ours lets through: the input of the executions that it starts. */
    async function listen(): Promise<() => Promise<readonly AlarmEvent[]>> {
      const target = await machine({ StartAt: "Heard", States: { Heard: { Type: "Succeed" } } });
      const Properties = {
        EventPattern: {
          source: ["aws.cloudwatch"],
          "detail-type": ["CloudWatch Alarm State Change"],
          detail: { state: { value: ["ALARM"] } },
        },
        Targets: [{ Id: "Heard", Arn: target, RoleArn: ROLE }],
      };
      await createStack(emulator().url, `rule${String(++count)}`, { Rule: { Type: "AWS::Events::Rule", Properties } });
      const sfn = new SFNClient(client());
      return async () => {
        const { executions = [] } = await sfn.send(new ListExecutionsCommand({ stateMachineArn: target }));
        const inputs = executions.map(async ({ executionArn }) => {
          const { input = "{}" } = await sfn.send(new DescribeExecutionCommand({ executionArn }));
          return JSON.parse(input) as AlarmEvent;
        });
        return Promise.all(inputs);
      };
    }

    async function alarm(name: string, more: object = {}): Promise<CloudWatchClient> {
      const cloudWatch = new CloudWatchClient(client());
      await cloudWatch.send(
        new PutMetricAlarmCommand({
          AlarmName: name,
          Namespace: "Test",
          MetricName: name,
          Statistic: "Maximum",
          Period: 60,
          EvaluationPeriods: 1,
          Threshold: 100,
          ComparisonOperator: "GreaterThanThreshold",
          ...more,
        }),
      );
      return cloudWatch;
    }

    const set = (cloudWatch: CloudWatchClient, name: string, value: "OK" | "ALARM") =>
      cloudWatch.send(new SetAlarmStateCommand({ AlarmName: name, StateValue: value, StateReason: `it is ${value}` }));

    it("in the shape that CloudWatch gives it, once a change", async () => {
      const heard = await listen();
      const cloudWatch = await alarm("latency");
      await set(cloudWatch, "latency", "OK");
      await set(cloudWatch, "latency", "ALARM");
      await set(cloudWatch, "latency", "ALARM");
      await vi.waitFor(async () => expect(await heard()).toHaveLength(1));
      const [event] = await heard();
      expect(event).toMatchObject({
        source: "aws.cloudwatch",
        "detail-type": "CloudWatch Alarm State Change",
        resources: ["arn:aws:cloudwatch:us-east-1:000000000000:alarm:latency"],
        detail: {
          alarmName: "latency",
          state: { value: "ALARM", reason: "it is ALARM" },
          previousState: { value: "OK" },
          configuration: { metrics: [{ metricStat: { metric: { name: "latency" }, stat: "Maximum" } }] },
        },
      });
      expect(event?.time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    });

    it("where a metric crosses the threshold, although the alarm's actions are switched off", async () => {
      const heard = await listen();
      const cloudWatch = await alarm("errors", { ActionsEnabled: false });
      await cloudWatch.send(
        new PutMetricDataCommand({ Namespace: "Test", MetricData: [{ MetricName: "errors", Value: 101 }] }),
      );
      await vi.waitFor(async () => {
        await cloudWatch.send(
          new PutMetricDataCommand({ Namespace: "Test", MetricData: [{ MetricName: "errors", Value: 101 }] }),
        );
        expect((await heard()).map(({ detail }) => detail.alarmName)).toEqual(["errors"]);
      }, 10_000);
    });

    it("of a composite alarm too, by its own name", async () => {
      const heard = await listen();
      const cloudWatch = await alarm("child");
      await set(cloudWatch, "child", "OK");
      await cloudWatch.send(new PutCompositeAlarmCommand({ AlarmName: "parent", AlarmRule: 'ALARM("child")' }));
      await set(cloudWatch, "child", "ALARM");
      await vi.waitFor(async () => {
        expect((await heard()).map(({ detail }) => detail.alarmName).sort()).toEqual(["child", "parent"]);
      });
    });
  });

  describe("waits for a task's token", () => {
    /** Runs the function with the token as a task that waits; what the execution ends with. */
    async function wait(name: string, source: string, seconds: number) {
      await createFunction(emulator().url, name, source);
      const Catch = ["States.Timeout", "RunSuperseded"].map((error) => ({
        ErrorEquals: [error],
        ResultPath: "$.caught",
        Next: "Caught",
      }));
      const waiting = {
        Type: "Task",
        Resource: "arn:aws:states:::lambda:invoke.waitForTaskToken",
        Parameters: { FunctionName: name, Payload: { "token.$": "$$.Task.Token" } },
        TimeoutSecondsPath: "$.step.waitSeconds",
        ResultPath: null,
        Catch,
        End: true,
      };
      const sfn = new SFNClient(client());
      const stateMachineArn = await machine({
        StartAt: "Waiting",
        States: { Waiting: waiting, Caught: { Type: "Succeed" } },
      });
      const input = JSON.stringify({ step: { waitSeconds: seconds } });
      const { executionArn } = await sfn.send(new StartExecutionCommand({ stateMachineArn, input }));
      const ended = () =>
        vi.waitFor(async () => {
          const { status, output = "{}" } = await sfn.send(new DescribeExecutionCommand({ executionArn }));
          expect(status).not.toBe("RUNNING");
          return { status, caught: (JSON.parse(output) as { caught?: { Error: string; Cause: string } }).caught };
        }, 20_000);
      return { sfn, ended };
    }

    it("no longer than TimeoutSecondsPath says", async () => {
      const { ended } = await wait("silent", "exports.handler = async () => ({});", 1);
      expect(await ended()).toMatchObject({ status: "SUCCEEDED", caught: { Error: "States.Timeout" } });
    });

    it("no longer than its function takes to fail, with the error that the function has", async () => {
      const source =
        "exports.handler = async () => { throw Object.assign(new Error('rolled back'), { name: 'RunSuperseded' }); };";
      const { ended } = await wait("failing", source, 3_600);
      const { status, caught } = await ended();
      expect({ status, error: caught?.Error }).toEqual({ status: "SUCCEEDED", error: "RunSuperseded" });
      expect(caught?.Cause).toContain("rolled back");
    });

    it("until somebody answers", async () => {
      const file = `/tmp/sluice-token-${String(process.pid)}`;
      const source = `exports.handler = async ({ token }) => { require("node:fs").writeFileSync(${JSON.stringify(file)}, token); };`;
      const { sfn, ended } = await wait("asking", source, 3_600);
      const taskToken = await vi.waitFor(() => readFile(file, "utf8"), 10_000);
      await rm(file);
      await sfn.send(new SendTaskSuccessCommand({ taskToken, output: "{}" }));
      expect(await ended()).toEqual({ status: "SUCCEEDED", caught: undefined });
    });
  });
});

describe("the emulator's launcher", () => {
  it("ends with a message where MiniStack has changed what it builds on", async () => {
    const script = [
      "import sys, json",
      `sys.path.insert(0, ${JSON.stringify(fileURLToPath(new URL("../../local", import.meta.url)))})`,
      "import emulator",
      'emulator.original(json, "dump", ["obj"])',
    ].join("\n");
    await expect(promisify(execFile)("python3", ["-B", "-c", script])).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/json\.dump is not the one.*pin the version again/) as string,
    });
  });
});
