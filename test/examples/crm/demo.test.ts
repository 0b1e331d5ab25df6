import { spawn, type ChildProcess } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { DemoReport } from "../../../examples/crm/demo-report.ts";
import { descendants, stillRunning, type ProcessEntry } from "../../support/processes.ts";

/** A stack is deployed, and the whole of the longest a migration run under traffic. */
const TIMEOUT_MS = 300_000;
const CONTACTS = 20_000;

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "sluice-test-"));
});

afterEach(() => rm(directory, { recursive: true, force: true }));

/** The demo as `npm run demo` starts it, in a process group of its own, as a terminal would have it. */
class Demo {
  readonly child: ChildProcess;
  readonly started = new Map<number, ProcessEntry>();
  output = "";
  progress = "";

  constructor(...args: readonly string[]) {
    const { AWS_ENDPOINT_URL: _, ...env } = process.env;
    const command = [
      "run",
      "--silent",
      "demo",
      "--",
      "--contacts",
      String(CONTACTS),
      "--directory",
      directory,
      ...args,
    ];
    this.child = spawn("npm", command, { detached: true, stdio: ["ignore", "pipe", "pipe"], env });
    this.child.stdout?.on("data", (text: Buffer) => (this.output += text.toString()));
    this.child.stderr?.on("data", (text: Buffer) => (this.progress += text.toString()));
  }

  /** Waits until the demo says `text`, and remembers every process that it has by then. */
  async until(text: string): Promise<void> {
    while (!this.progress.includes(text)) {
      if (this.child.exitCode !== null) throw new Error(`the demo ended before it said "${text}":\n${this.progress}`);
      this.#remember();
      await sleep(100);
    }
    this.#remember();
  }

  #remember(): void {
    for (const entry of descendants(this.child.pid!)) this.started.set(entry.pid, entry);
  }

  /** The exit code, or the signal by which npm passes on that it was interrupted. */
  async ended(): Promise<number | string | null> {
    const { exitCode, signalCode } = this.child;
    if (exitCode !== null || signalCode !== null) return exitCode ?? signalCode;
    return new Promise((resolve) => this.child.once("close", (code, signal) => resolve(code ?? signal)));
  }
}

/** What of the demo still runs; a process that was killed takes a moment to go. */
async function leftOver(demo: Demo): Promise<readonly ProcessEntry[]> {
  const entries = [...demo.started.values()];
  for (let look = 0; look < 50 && stillRunning(entries).length > 0; look += 1) await sleep(100);
  return stillRunning(entries);
}

describe("npm run demo", () => {
  it(
    "carries the rename to its end under live traffic, reports zeros, and leaves no process behind",
    async () => {
      const demo = new Demo("--json", "--rate", "100");
      await demo.until("soak");
      expect(demo.started.size).toBeGreaterThan(5);
      expect({ code: await demo.ended(), progress: demo.progress }).toMatchObject({ code: 0 });
      expect(JSON.parse(demo.output) as DemoReport).toMatchObject({
        succeeded: true,
        run: { beforeCutover: { mismatches: 0 }, beforeContract: { mismatches: 0 } },
        application: { all: { errors: 0 }, contradictions: 0, messages: [] },
        writes: { lost: 0, changed: 0 },
      });
      expect(await leftOver(demo)).toEqual([]);
    },
    TIMEOUT_MS,
  );

  it.each(["PostgreSQL", "cdk deploy", "backfill"])(
    "leaves no process behind at Ctrl-C when it has come to: %s",
    async (stage) => {
      const demo = new Demo();
      await demo.until(stage);
      process.kill(-demo.child.pid!, "SIGINT");
      expect([130, "SIGINT"]).toContain(await demo.ended());
      expect(demo.progress).toContain("Interrupted; nothing is left running.");
      expect(await leftOver(demo)).toEqual([]);
    },
    TIMEOUT_MS,
  );

  it(
    "leaves no process behind when it is killed",
    async () => {
      const demo = new Demo();
      await demo.until("cdk bootstrap");
      process.kill(-demo.child.pid!, "SIGKILL");
      await demo.ended();
      expect(demo.started.size).toBeGreaterThan(5);
      expect(await leftOver(demo)).toEqual([]);
    },
    TIMEOUT_MS,
  );

  it("says which option is wrong", async () => {
    const demo = new Demo("--rate", "fast");
    expect(await demo.ended()).toBe(2);
    expect(demo.progress).toContain("--rate fast: give a number up to 2000");
  });
});
