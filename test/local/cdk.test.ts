import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { cdk } from "../../local/cdk.ts";
import { processes, stillRunning } from "../support/processes.ts";

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "sluice-test-"));
});

afterEach(() => rm(directory, { recursive: true }));

describe("cdk", () => {
  it("shows what the CDK CLI said where it fails, and where all of it is", async () => {
    const logFile = join(directory, "cdk.log");
    const failure = cdk(["synth", "--app", "node -e \"console.error('no such stack');process.exit(3)\""], {
      environment: {},
      directory,
      logFile,
    });
    await expect(failure).rejects.toThrow(
      /^cdk synth: ended with code 1:[^]*no such stack[^]*all of it is in .*cdk\.log$/,
    );
    expect(await readFile(logFile, "utf8")).toContain("no such stack");
  });

  it("ends at once, with the app that it runs, when it is interrupted", async () => {
    const controller = new AbortController();
    const logFile = join(directory, "cdk.log");
    const waiting = "console.error(process.pid); setInterval(() => {}, 1000)";
    const run = cdk(["synth", "--app", `node -e "${waiting}"`], {
      environment: {},
      directory,
      logFile,
      signal: controller.signal,
    });
    const ended = expect(run).rejects.toThrow("enough");
    const app = await untilWritten(logFile);
    const started = processes().filter(({ pid }) => pid === app);
    expect(started).toHaveLength(1);
    controller.abort(new Error("enough"));
    await ended;
    expect(stillRunning(started)).toEqual([]);
  });
});

/** The process id that the app wrote. */
async function untilWritten(file: string): Promise<number> {
  for (;;) {
    const [, pid] = /^(\d+)$/m.exec(await readFile(file, "utf8").catch(() => "")) ?? [];
    if (pid !== undefined) return Number(pid);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
