import { execFileSync } from "node:child_process";

/** One process of this machine, as `ps` shows it. */
export interface ProcessEntry {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
}

/** All processes but zombies: those have ended, and wait for somebody to ask how. */
export function processes(): readonly ProcessEntry[] {
  const lines = execFileSync("ps", ["-A", "-o", "pid=,ppid=,stat=,args="], { encoding: "utf8" }).trim().split("\n");
  return lines.flatMap((line) => {
    const [, pid, parent, state = "", command = ""] = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(line) ?? [];
    return state.startsWith("Z") ? [] : [{ pid: Number(pid), parent: Number(parent), command }];
  });
}

/** Everything that a process has started, and what those have. */
export function descendants(pid: number, all: readonly ProcessEntry[] = processes()): readonly ProcessEntry[] {
  return all.filter(({ parent }) => parent === pid).flatMap((child) => [child, ...descendants(child.pid, all)]);
}

/** Those that still run: by number and by command, since a number may be given to somebody else. */
export function stillRunning(entries: readonly ProcessEntry[]): readonly ProcessEntry[] {
  const now = new Map(processes().map(({ pid, command }) => [pid, command]));
  return entries.filter(({ pid, command }) => now.get(pid) === command);
}

/**
 * Halts a process with all that it has started, as a machine does that hangs: its sockets stay open and nobody answers.
 *
 * @returns what lets them go on.
 */
export function halt(pid: number): () => void {
  process.kill(pid, "SIGSTOP");
  // Listed after it cannot start others any more.
  const halted = [pid, ...descendants(pid).map((entry) => entry.pid)];
  signalAll(halted, "SIGSTOP");
  return () => signalAll(halted.toReversed(), "SIGCONT");
}

function signalAll(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch (error) {
      // A backend may end by itself in between.
      if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
    }
  }
}
