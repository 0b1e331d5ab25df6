import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { LocalSetupFailed } from "../core/errors.ts";
import { pythonEnvironment, virtualEnvironment } from "./python.ts";

/** The PyPI release of MiniStack that `emulator-requirements.txt` pins. */
const MINISTACK_VERSION = "1.5.33";
const LAUNCHER = fileURLToPath(new URL("emulator.py", import.meta.url));
const REQUIREMENTS = fileURLToPath(new URL("emulator-requirements.txt", import.meta.url));
/** MiniStack is up in about two seconds; a busy machine takes several times that. */
const START_TIMEOUT_MS = 60_000;
const HEALTH_POLL_MS = 50;

export interface EmulatorProps {
  /** @default `.cache/ministack-<version>` below the working directory */
  readonly cacheDirectory?: string | undefined;
  /**
   * More variables for the emulator and so for every Lambda that it runs: `AWS_ENDPOINT_URL_RDS_DATA`,
   * `SFN_WAIT_SCALE`, `APPCONFIG_MINUTE_SECONDS`.
   */
  readonly environment?: Readonly<Record<string, string>> | undefined;
  /** @default any free port */
  readonly port?: number | undefined;
  /** @default a file in the emulator's own folder, which goes when it stops */
  readonly logFile?: string | undefined;
  /** Told once, before MiniStack is installed (about ten seconds, the first time on a machine). */
  readonly onInstall?: (() => void) | undefined;
}

/** An AWS emulator that answers at `url`. */
export interface Emulator {
  readonly url: string;
  /** What makes the AWS SDK, the AWS CLI and the CDK CLI talk to it and to nothing else. */
  readonly environment: Readonly<Record<string, string>>;
  /** Where its log is; undefined for an emulator that somebody else started. */
  readonly logFile: string | undefined;
  /** Ends it and its Lambda workers and removes its data. Leaves an emulator that somebody else started alone. */
  stop(): Promise<void>;
}

/**
 * Starts MiniStack, installed first where it is not yet, or takes the emulator that `AWS_ENDPOINT_URL` names.
 *
 * It keeps its data in a folder of its own, listens on 127.0.0.1 only, and ends with this process however that ends:
 * it reads the end of its standard input and kills its own process group, so no signal handler is needed here.
 *
 * @example
 * const emulator = await startEmulator();
 * Object.assign(process.env, emulator.environment);
 * @throws LocalSetupFailed where Python is missing or MiniStack does not start.
 */
export async function startEmulator(props: EmulatorProps = {}): Promise<Emulator> {
  const given = process.env["AWS_ENDPOINT_URL"];
  if (given !== undefined && given !== "") return externalEmulator(given);
  const python = await virtualEnvironment({
    folder: resolve(props.cacheDirectory ?? join(".cache", `ministack-${MINISTACK_VERSION}`)),
    requirements: REQUIREMENTS,
    onInstall: props.onInstall,
  });
  const folder = await mkdtemp(join(tmpdir(), "sluice-emulator-"));
  const logFile = props.logFile ?? join(folder, "emulator.log");
  const child = launch({ ...props, python, folder, logFile });
  const stop = () => end(child, folder);
  try {
    const url = `http://127.0.0.1:${String(await port(child))}`;
    await healthy(url, child);
    release(child);
    return { url, environment: clientEnvironment(url), logFile, stop };
  } catch (cause) {
    const log = await readFile(logFile, "utf8").catch(() => "");
    await stop();
    throw new LocalSetupFailed({
      object: `MiniStack ${MINISTACK_VERSION}`,
      problem: `did not start: ${log.trim().split("\n").slice(-5).join("; ") || String(cause)}`,
      remedy: "Remove its cache folder and try again, or set AWS_ENDPOINT_URL to an AWS emulator that already runs",
      cause,
    });
  }
}

function externalEmulator(url: string): Emulator {
  const region = process.env["AWS_REGION"] ?? process.env["AWS_DEFAULT_REGION"] ?? "us-east-1";
  const environment = {
    AWS_ENDPOINT_URL: url,
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_ACCESS_KEY_ID: process.env["AWS_ACCESS_KEY_ID"] ?? "test",
    AWS_SECRET_ACCESS_KEY: process.env["AWS_SECRET_ACCESS_KEY"] ?? "test",
  };
  return { url, environment, logFile: undefined, stop: () => Promise.resolve() };
}

/**
 * The endpoint has an IP address for a host, which makes the SDK address S3 buckets by path: there is no name to put
 * a bucket in front of. Empty variables keep a developer's profile and session out.
 */
function clientEnvironment(url: string): Readonly<Record<string, string>> {
  const noProxy = [process.env["NO_PROXY"] ?? process.env["no_proxy"] ?? "", "127.0.0.1"].filter(Boolean).join(",");
  return {
    AWS_ENDPOINT_URL: url,
    AWS_REGION: "us-east-1",
    AWS_DEFAULT_REGION: "us-east-1",
    AWS_ACCESS_KEY_ID: "test",
    AWS_SECRET_ACCESS_KEY: "test",
    AWS_SESSION_TOKEN: "",
    AWS_PROFILE: "",
    AWS_EC2_METADATA_DISABLED: "true",
    NO_PROXY: noProxy,
    no_proxy: noProxy,
  };
}

interface LaunchProps extends EmulatorProps {
  readonly python: string;
  readonly folder: string;
  readonly logFile: string;
}

function launch(props: LaunchProps): ChildProcess {
  const log = openSync(props.logFile, "a");
  try {
    return spawn(props.python, [LAUNCHER, props.folder, String(props.port ?? 0)], {
      cwd: props.folder,
      // A process group of its own, which ends as one.
      detached: true,
      stdio: ["pipe", "pipe", log],
      env: { ...inherited(), ...settings(props.folder), ...props.environment },
    });
  } finally {
    closeSync(log);
  }
}

/** What a developer's shell says about AWS is not for the Lambdas that the emulator runs. */
function inherited(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(pythonEnvironment()).filter(([key]) => !/^(AWS|LAMBDA|MINISTACK)_/.test(key)),
  );
}

function settings(folder: string): Readonly<Record<string, string>> {
  return {
    BIND_HOST: "127.0.0.1",
    MINISTACK_REGION: "us-east-1",
    LAMBDA_EXECUTOR: "local",
    IOT_MTLS_ENABLED: "0",
    PERSIST_STATE: "0",
    TMPDIR: folder,
    STATE_DIR: join(folder, "state"),
    S3_DATA_DIR: join(folder, "s3"),
  };
}

async function port(child: ChildProcess): Promise<number> {
  const { stdout } = child;
  if (stdout === null) throw new Error("the emulator has no output");
  const lines = createInterface({ input: stdout });
  const line = once(lines, "line", { signal: AbortSignal.timeout(START_TIMEOUT_MS) });
  const failed = once(child, "close").then(([code]) => Promise.reject(new Error(`it ended with code ${String(code)}`)));
  const [text] = (await Promise.race([line, failed])) as readonly unknown[];
  lines.close();
  return (JSON.parse(String(text)) as { readonly port: number }).port;
}

async function healthy(url: string, child: ChildProcess): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (Date.now() < deadline) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error("it ended while it was starting");
    const response = await fetch(`${url}/_ministack/health`).catch(() => undefined);
    if (response?.ok === true) return;
    await sleep(HEALTH_POLL_MS);
  }
  throw new Error(`it was not healthy after ${String(START_TIMEOUT_MS)} ms`);
}

/** A program that has nothing else to do ends, and the emulator with it. */
function release(child: ChildProcess): void {
  child.unref();
  // Pipes are sockets to Node.js.
  const streams: readonly (object | null)[] = [child.stdin, child.stdout];
  for (const stream of streams) if (stream instanceof Socket) stream.unref();
}

async function end(child: ChildProcess, folder: string): Promise<void> {
  if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) {
    const exit = once(child, "exit");
    child.ref();
    killGroup(child);
    await exit;
  } else {
    // It went by itself; a Lambda worker may be left in its group.
    killGroup(child);
  }
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
}

/** Nothing to save: the data are the emulator's own and go with it. */
function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    if (process.platform === "win32") child.kill("SIGKILL");
    else process.kill(-child.pid, "SIGKILL");
  } catch {
    // The group is gone.
  }
}
