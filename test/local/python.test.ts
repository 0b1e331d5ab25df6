import { chmod, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { LocalSetupFailed } from "../../core/errors.ts";
import { findPython, virtualEnvironment } from "../../local/python.ts";

let folder = "";

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "sluice-python-"));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

/** A command that behaves as `python -c PROBE` of some version. */
async function pretend(name: string, script: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
  return path;
}

describe("finding Python", () => {
  it("takes the first command that is recent and whole", async () => {
    const candidates = [
      join(folder, "absent"),
      await pretend("old", "echo 3 9"),
      await pretend("split", "echo 3 12; echo 'No module named ensurepip' >&2; exit 1"),
      await pretend("good", "echo 3 10"),
      await pretend("later", "echo 3 13"),
    ];
    expect(await findPython(candidates)).toBe(join(folder, "good"));
  });

  it("says what to install where none runs", async () => {
    const search = findPython([join(folder, "absent")]);
    await expect(search).rejects.toThrow(LocalSetupFailed);
    await expect(search).rejects.toThrow(/absent runs here.*Install Python 3\.10/);
  });

  it("says what is wrong with the ones that it found", async () => {
    const candidates = [
      await pretend("old", "echo 3 9"),
      await pretend("split", "echo 3 12; exit 1"),
      await pretend("two", "echo 2 7; exit 1"),
    ];
    await expect(findPython(candidates)).rejects.toThrow(
      /old is 3\.9; .*split is 3\.12 without the modules venv and ensurepip; .*two is 2\.7\..*apt install python3-venv/,
    );
  });
});

describe("the virtual environment", () => {
  /** A `python3` first in the PATH whose `venv` takes a moment, and whose `pip` does as told. */
  async function environment(pip = "exit 0") {
    const interpreter = await pretend("interpreter", pip);
    const venv = `sleep 0.2; mkdir -p "$3/bin"; cp "${interpreter}" "$3/bin/python"`;
    await pretend("python3", `case "$2" in venv) ${venv} ;; *) echo 3 12 ;; esac`);
    vi.stubEnv("PATH", `${folder}:${process.env["PATH"] ?? ""}`);
    const onInstall = vi.fn();
    const props = { folder: join(folder, "cache", "venv"), requirements: "requirements.txt", onInstall };
    await mkdir(join(folder, "cache"));
    return { props, onInstall };
  }

  const cached = () => readdir(join(folder, "cache"));

  it("is installed once, however many ask for it at the same time", async () => {
    const { props, onInstall } = await environment();
    const paths = await Promise.all([1, 2, 3, 4].map(() => virtualEnvironment(props)));
    expect(new Set(paths)).toEqual(new Set([join(props.folder, "bin", "python")]));
    expect(onInstall).toHaveBeenCalledTimes(1);
    expect(await cached()).toEqual(["venv"]);
    await virtualEnvironment(props);
    expect(onInstall).toHaveBeenCalledTimes(1);
  });

  it("is installed once, too, where a process died with the lock", async () => {
    const { props, onInstall } = await environment();
    await mkdir(`${props.folder}.lock`);
    // Linux and macOS give no process an id above 4,194,304.
    await writeFile(join(`${props.folder}.lock`, "pid"), "99999999");
    await Promise.all([1, 2, 3, 4].map(() => virtualEnvironment(props)));
    expect(onInstall).toHaveBeenCalledTimes(1);
    expect(await cached()).toEqual(["venv"]);
  });

  it("is made again where its base Python was removed", async () => {
    const { props, onInstall } = await environment();
    await mkdir(join(props.folder, "bin"), { recursive: true });
    await symlink(join(folder, "removed"), join(props.folder, "bin", "python"));
    await virtualEnvironment(props);
    expect(onInstall).toHaveBeenCalledTimes(1);
  });

  it("leaves nothing behind where the installation fails, and says what pip said", async () => {
    const { props } = await environment("echo 'ERROR: No matching distribution' >&2; exit 1");
    const installation = virtualEnvironment(props);
    await expect(installation).rejects.toThrow(LocalSetupFailed);
    await expect(installation).rejects.toThrow(/requirements\.txt.*No matching distribution/);
    expect(await cached()).toEqual([]);
  });
});
