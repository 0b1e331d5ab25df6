import { spawn, type ChildProcess } from "node:child_process";
import { open, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { LocalSetupFailed } from "../core/errors.ts";

/** The folder of cdk.json. */
const PROJECT_ROOT = fileURLToPath(new URL("..", import.meta.url));
const LINES_SHOWN = 40;

export interface CdkProps {
  readonly environment: Readonly<Record<string, string>>;
  /** Where it runs. @default the folder of cdk.json */
  readonly directory?: string | undefined;
  /** Where everything that it says goes. */
  readonly logFile: string;
  /** Ends it early. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Runs the CDK CLI that npm installed with us, quietly.
 *
 * @throws LocalSetupFailed with the end of its log where it fails; the signal's reason where that ended it.
 */
export async function cdk(args: readonly string[], props: CdkProps): Promise<void> {
  props.signal?.throwIfAborted();
  const log = await open(props.logFile, "a");
  const child = spawn(process.execPath, [program(), ...args, "--ci", "--no-color", "--no-notices"], {
    cwd: props.directory ?? PROJECT_ROOT,
    // A process group of its own: the CLI runs the app through a shell, and both have to go together.
    detached: process.platform !== "win32",
    stdio: ["ignore", log.fd, log.fd],
    env: { ...process.env, ...props.environment, CI: "true", AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true" },
  });
  await log.close();
  const code = await exitCode(child, props.signal);
  props.signal?.throwIfAborted();
  if (code !== 0) throw await failed(args, code, props.logFile);
}

async function exitCode(child: ChildProcess, signal: AbortSignal | undefined): Promise<number | null> {
  const end = (): void => killGroup(child);
  process.once("exit", end);
  signal?.addEventListener("abort", end, { once: true });
  try {
    return await new Promise<number | null>((resolve, reject) => {
      child.once("exit", resolve).once("error", reject);
    });
  } finally {
    process.off("exit", end);
    signal?.removeEventListener("abort", end);
  }
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    if (process.platform === "win32") child.kill("SIGKILL");
    else process.kill(-child.pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}

function program(): string {
  return join(dirname(createRequire(import.meta.url).resolve("aws-cdk/package.json")), "bin", "cdk");
}

async function failed(args: readonly string[], code: number | null, logFile: string): Promise<LocalSetupFailed> {
  const log = await readFile(logFile, "utf8").catch(() => "");
  return new LocalSetupFailed({
    object: `cdk ${args[0] ?? ""}`,
    problem: `ended with code ${String(code)}:\n${log.trim().split("\n").slice(-LINES_SHOWN).join("\n")}\n`,
    remedy: `Mend what its log says; all of it is in ${logFile}`,
  });
}
