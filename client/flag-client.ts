import { type FlagState, OLD_PATH, parseFlag, route, type RouteRequest, sameFlagState } from "../core/flag.ts";
import { FlagUnreadable } from "./flag-unreadable.ts";
import type { FlagSource } from "./flag-source.ts";

/** AppConfig refuses polls of one session that come faster than 15 s. */
const DEFAULT_INTERVAL_MS = 15_000;

export interface FlagClientProps {
  /** The migration whose flag it is. */
  readonly migration: string;
  readonly source: FlagSource;
  /** Milliseconds from the end of one poll to the start of the next. @default 15,000 */
  readonly intervalMs?: number;
}

/** What a listener is told. */
export type FlagEvent =
  /** Other traffic is on the new path than before; also told for the first state that is not the old path. */
  | { readonly type: "changed"; readonly state: FlagState }
  /** A poll failed, or brought something that is not this flag. The last known state stays in force. */
  | { readonly type: "failed"; readonly error: unknown };

/** How many requests each path got since the client was made, and how its polls went. For metrics. */
export interface FlagCounts {
  readonly read: Readonly<Record<"old" | "new", number>>;
  readonly write: Readonly<Record<"old" | "new", number>>;
  readonly polls: Readonly<Record<"succeeded" | "failed", number>>;
}

/**
 * Tells an application which shape serves a request. It asks AppConfig at intervals and never during a request.
 *
 * As long as nothing is known, all traffic is on the old path. What is known stays in force while AppConfig cannot be
 * asked: both paths are right at any moment until contract, so a late answer harms nobody, and a flag that fell back
 * by itself would move all traffic at once.
 *
 * @example
 * const flag = new FlagClient({ migration: "contact-channel", source: new AgentSource({ ... }) });
 * await flag.start();
 * const column = flag.route({ path: "read", subject: user.id, tenant: user.tenant }) === "new" ? "channel" : "source";
 */
export class FlagClient {
  readonly #props: FlagClientProps;
  readonly #listeners = new Set<(event: FlagEvent) => void>();
  readonly #counts = {
    read: { old: 0, new: 0 },
    write: { old: 0, new: 0 },
    polls: { succeeded: 0, failed: 0 },
  };
  #state: FlagState | undefined;
  #poll: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #started = false;

  constructor(props: FlagClientProps) {
    this.#props = props;
  }

  /** What is in force now. */
  get state(): FlagState {
    return this.#state ?? OLD_PATH;
  }

  /** Whether a poll has brought a state yet. Not so before the first deployment: the old path is then right. */
  get known(): boolean {
    return this.#state !== undefined;
  }

  /** Counts so far, as a copy. */
  get counts(): FlagCounts {
    return structuredClone(this.#counts);
  }

  /** Asks a first time, and then at intervals. Never rejects: an application starts without AppConfig, too. */
  async start(): Promise<void> {
    if (this.#started) return;
    this.#started = true;
    await this.#pollAndSchedule();
  }

  /** No further polls; the state stays in force. */
  stop(): void {
    this.#started = false;
    clearTimeout(this.#timer);
  }

  /** Asks now, or joins the poll that is under way. Never rejects. A Lambda without background time calls this. */
  async poll(): Promise<void> {
    this.#poll ??= this.#ask().finally(() => {
      this.#poll = undefined;
    });
    await this.#poll;
  }

  /** Which shape serves this request: no I/O, a few microseconds. */
  route(request: RouteRequest): "old" | "new" {
    const path = route(this.#props.migration, this.state, request);
    this.#counts[request.path][path] += 1;
    return path;
  }

  /**
   * Tells `listener` of every change and every failure from now on. What a listener throws is dropped.
   *
   * @returns what ends the subscription.
   */
  subscribe(listener: (event: FlagEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async #pollAndSchedule(): Promise<void> {
    await this.poll();
    if (!this.#started) return;
    // Stopped and started again during one poll, two of these wait for it; one timer is left.
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#pollAndSchedule(), this.#props.intervalMs ?? DEFAULT_INTERVAL_MS);
    // An application that has nothing else to do ends.
    this.#timer.unref();
  }

  async #ask(): Promise<void> {
    try {
      const text = await this.#props.source.poll();
      if (text !== undefined) this.#accept(readState(this.#props.migration, text));
      this.#counts.polls.succeeded += 1;
    } catch (error) {
      this.#counts.polls.failed += 1;
      this.#tell({ type: "failed", error });
    }
  }

  #accept(state: FlagState): void {
    const changed = !sameFlagState(this.state, state);
    this.#state = state;
    if (changed) this.#tell({ type: "changed", state });
  }

  #tell(event: FlagEvent): void {
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch {
        // A broken metric must not decide where traffic goes.
      }
    }
  }
}

/**
 * Asks once: for a script or a job that needs no client.
 *
 * @returns the old path where nothing was deployed yet. Rejects where the source does: a job would rather not start.
 */
export async function readFlag(migration: string, source: FlagSource): Promise<FlagState> {
  const text = await source.poll();
  return text === undefined ? OLD_PATH : readState(migration, text);
}

function readState(migration: string, text: string): FlagState {
  const state = parseFlag(migration, text);
  if (state !== undefined) return state;
  throw new FlagUnreadable(
    `flag "${migration}": the configuration holds no such flag of Sluice. Check environment and profile; it begins ` +
      text.slice(0, 200),
  );
}
