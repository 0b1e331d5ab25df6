import { execFile } from "node:child_process";
import { access, mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { LocalSetupFailed } from "../core/errors.ts";

const run = promisify(execFile);

/** MiniStack's own lower bound. */
const OLDEST: readonly [number, number] = [3, 10];
/** `py` is the launcher of the Windows installer. */
const CANDIDATES = ["python3", "python", "py", "python3.13", "python3.12", "python3.11", "python3.10"] as const;
/** Ends with an error where Python came without the parts that make a virtual environment (Debian splits them off). */
const PROBE = "import sys; print(*sys.version_info[:2]); import venv, ensurepip";
/** A lock older than this was left by a machine that went down: an installation takes about ten seconds. */
const LOCK_IS_STALE_AFTER_MS = 600_000;
const LOCK_POLL_MS = 200;

export interface VirtualEnvironmentProps {
  /** Where the environment goes. Complete as soon as it exists: it is made elsewhere and renamed. */
  readonly folder: string;
  /** A pip requirements file. */
  readonly requirements: string;
  /** Told once, before an installation starts. */
  readonly onInstall?: (() => void) | undefined;
}

/**
 * Installs `requirements` into a virtual environment of its own at `folder`, unless that is there already. Safe to
 * call from several processes at once: one installs, the others wait for it.
 *
 * @returns the path of the environment's Python.
 * @throws LocalSetupFailed where Python is missing, too old or without venv, or where pip fails.
 */
export async function virtualEnvironment(props: VirtualEnvironmentProps): Promise<string> {
  const python = join(props.folder, ...interpreterPath());
  if (await exists(python)) return python;
  await mkdir(dirname(props.folder), { recursive: true });
  const lock = `${props.folder}.lock`;
  while (!(await takeLock(lock))) {
    await sleep(LOCK_POLL_MS);
    if (await exists(python)) return python;
  }
  try {
    if (!(await exists(python))) await install(props);
  } finally {
    await rm(lock, { recursive: true, force: true });
  }
  return python;
}

/**
 * Finds a Python of version 3.10 or later that can make virtual environments.
 *
 * @param candidates - commands to try, in order.
 * @throws LocalSetupFailed naming what was found instead and what to install.
 */
export async function findPython(candidates: readonly string[] = CANDIDATES): Promise<string> {
  const found: string[] = [];
  for (const candidate of candidates) {
    const { version, complete } = await probe(candidate);
    if (version === undefined) continue;
    const [major, minor] = version;
    const recent = major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]);
    if (recent && complete) return candidate;
    found.push(`${candidate} is ${version.join(".")}${recent ? " without the modules venv and ensurepip" : ""}`);
  }
  throw new LocalSetupFailed({
    object: "Python",
    problem: found.length === 0 ? `none of ${candidates.join(", ")} runs here` : found.join("; "),
    remedy:
      `Install Python ${OLDEST.join(".")} or later with venv (Debian and Ubuntu: apt install python3-venv), ` +
      "or set AWS_ENDPOINT_URL to an AWS emulator that already runs",
  });
}

async function install(props: VirtualEnvironmentProps): Promise<void> {
  const python = await findPython();
  props.onInstall?.();
  const partial = `${props.folder}.installing-${String(process.pid)}`;
  await rm(partial, { recursive: true, force: true });
  try {
    await run(python, ["-m", "venv", partial], { env: pythonEnvironment() });
    const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement", props.requirements];
    await run(join(partial, ...interpreterPath()), pip, { env: pythonEnvironment() });
    await putInPlace(partial, props.folder);
  } catch (cause) {
    await rm(partial, { recursive: true, force: true });
    throw new LocalSetupFailed({
      object: `"${props.folder}"`,
      problem: `${props.requirements} could not be installed with ${python}: ${lastLines(cause)}`,
      remedy: "Check that this machine reaches PyPI (or set pip's index), and try again",
      cause,
    });
  }
}

/** Somebody who also took the lock for abandoned may have been faster, and may be using what is there. */
async function putInPlace(partial: string, folder: string): Promise<void> {
  if (await exists(join(folder, ...interpreterPath()))) {
    await rm(partial, { recursive: true, force: true });
    return;
  }
  // What may be there has no working interpreter: its base Python was removed from the machine.
  await rm(folder, { recursive: true, force: true });
  await rename(partial, folder);
}

/** Without the variables with which a developer's shell would lead Python to other packages. */
export function pythonEnvironment(): NodeJS.ProcessEnv {
  const { PYTHONPATH: _path, PYTHONHOME: _home, VIRTUAL_ENV: _environment, ...rest } = process.env;
  return rest;
}

function interpreterPath(): readonly string[] {
  return process.platform === "win32" ? ["Scripts", "python.exe"] : ["bin", "python"];
}

interface Probe {
  readonly version: readonly [number, number] | undefined;
  readonly complete: boolean;
}

async function probe(command: string): Promise<Probe> {
  try {
    const { stdout } = await run(command, ["-c", PROBE], { env: pythonEnvironment() });
    return { version: versionOf(stdout), complete: true };
  } catch (error) {
    return { version: versionOf(outputOf(error, "stdout")), complete: false };
  }
}

function versionOf(output: string): readonly [number, number] | undefined {
  const [, major, minor] = /^(\d+) (\d+)\s*$/m.exec(output) ?? [];
  return major === undefined || minor === undefined ? undefined : [Number(major), Number(minor)];
}

/** `mkdir` is atomic: one caller makes the folder. The holder's process id tells a live lock from a dead one. */
async function takeLock(lock: string): Promise<boolean> {
  try {
    await mkdir(lock);
  } catch {
    if (await abandoned(lock)) await breakLock(lock);
    return false;
  }
  await writeFile(join(lock, "pid"), String(process.pid));
  return true;
}

/**
 * One process at a time looks again and removes the lock: of two that saw it abandoned, the slower one would otherwise
 * remove the lock that the faster one has taken since.
 */
async function breakLock(lock: string): Promise<void> {
  const breaking = `${lock}.breaking`;
  try {
    await mkdir(breaking);
  } catch {
    if (await abandoned(breaking)) await rm(breaking, { recursive: true, force: true });
    return;
  }
  try {
    if (await abandoned(lock)) await rm(lock, { recursive: true, force: true });
  } finally {
    await rm(breaking, { recursive: true, force: true });
  }
}

async function abandoned(lock: string): Promise<boolean> {
  try {
    const { mtimeMs } = await stat(lock);
    if (Date.now() - mtimeMs > LOCK_IS_STALE_AFTER_MS) return true;
    const pid = Number(await readFile(join(lock, "pid"), "utf8"));
    return Number.isInteger(pid) && pid > 0 && !runs(pid);
  } catch {
    return false;
  }
}

function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

function outputOf(error: unknown, stream: "stdout" | "stderr"): string {
  if (!(error instanceof Error) || !(stream in error)) return "";
  const output = (error as Error & Partial<Record<typeof stream, unknown>>)[stream];
  return typeof output === "string" ? output : "";
}

function lastLines(error: unknown): string {
  const text = outputOf(error, "stderr") || outputOf(error, "stdout") || String(error);
  return text.trim().split("\n").slice(-3).join("; ");
}
