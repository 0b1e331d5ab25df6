import { CloudFormationClient, CreateStackCommand, waitUntilStackCreateComplete } from "@aws-sdk/client-cloudformation";
import { CreateBucketCommand, ListBucketsCommand, S3Client } from "@aws-sdk/client-s3";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it, vi } from "vitest";
import { type Emulator, startEmulator } from "../../local/emulator.ts";
import { clientConfig } from "../support/emulator.ts";

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

/** Runs a Lambda on the emulator, so that there is a worker that could be left over. */
async function lambdaProcesses(url: string): Promise<Processes> {
  const cloudFormation = new CloudFormationClient(clientConfig(url));
  const source = "exports.handler = async () => ({ worker: process.pid, emulator: process.ppid });";
  const resource = {
    Type: "AWS::Lambda::Function",
    Properties: {
      FunctionName: "whoami",
      Runtime: "nodejs20.x",
      Handler: "index.handler",
      Role: "arn:aws:iam::000000000000:role/test",
      Code: { ZipFile: source },
    },
  };
  const TemplateBody = JSON.stringify({ Resources: { WhoAmI: resource } });
  await cloudFormation.send(new CreateStackCommand({ StackName: "whoami", TemplateBody }));
  const wait = { client: cloudFormation, maxWaitTime: 30, minDelay: 1, maxDelay: 1 };
  await waitUntilStackCreateComplete(wait, { StackName: "whoami" });
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
