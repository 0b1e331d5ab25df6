import { setTimeout as sleep } from "node:timers/promises";

/** What a terminal, a supervisor and a closing window send. */
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
const CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
/** An orderly stop takes a second or two. */
const PATIENCE_MS = 15_000;
/** One Ctrl-C comes several times: from the terminal to the whole group, and again from npm and from tsx. */
const ECHO_MS = 1_000;

/** Why an interrupted command ended, and its exit code by the shell's convention (128 + the signal's number). */
export class Interrupted extends Error {
  override readonly name = "Interrupted";

  constructor(readonly exitCode: number) {
    super("interrupted");
  }
}

/**
 * From now on the first Ctrl-C (or SIGTERM, SIGHUP) aborts the signal with {@link Interrupted}, so that the command
 * can stop what it started; a second one, or too long a stop, ends the process at once. Whatever it started ends with
 * it even then.
 */
export function interruption(): AbortSignal {
  const controller = new AbortController();
  let first = 0;
  for (const signal of SIGNALS) {
    process.on(signal, () => {
      if (controller.signal.aborted) {
        if (performance.now() - first > ECHO_MS) process.exit(CODES[signal]);
        return;
      }
      first = performance.now();
      controller.abort(new Interrupted(CODES[signal]));
      setTimeout(() => process.exit(CODES[signal]), PATIENCE_MS).unref();
    });
  }
  return controller.signal;
}

/** Resolves when any of the signals is aborted; keeps the process alive until then. */
export async function untilAborted(...signals: readonly AbortSignal[]): Promise<void> {
  const signal = AbortSignal.any([...signals]);
  if (signal.aborted) return;
  // An abort signal alone does not keep Node.js running.
  const alive = setInterval(() => undefined, 60_000);
  await new Promise((resolve) => {
    signal.addEventListener("abort", resolve, { once: true });
  });
  clearInterval(alive);
}

/** Waits. @throws the signal's reason as soon as it is aborted. */
export async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await orAbort(sleep(milliseconds), signal);
}

/** What `promise` gives, or the signal's reason as soon as it is aborted; the promise is then left to itself. */
export async function orAbort<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  promise.catch(() => undefined);
  signal.throwIfAborted();
  let abort = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason instanceof Error ? signal.reason : new Error("aborted"));
    signal.addEventListener("abort", abort, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
