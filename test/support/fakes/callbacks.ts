import type { Callbacks } from "../../../core/ports.ts";

export class FakeCallbacks implements Callbacks {
  readonly #tokens = new Map<string, string>();
  /** The tokens whose wait was ended, in order. */
  readonly woken: string[] = [];

  keep(runId: string, token: string): Promise<void> {
    this.#tokens.set(runId, token);
    return Promise.resolve();
  }

  wake(runId: string): Promise<void> {
    const token = this.#tokens.get(runId);
    if (token !== undefined) this.woken.push(token);
    this.#tokens.delete(runId);
    return Promise.resolve();
  }

  /** Whether a token is kept, and so the run stands by. */
  standsBy(runId: string): boolean {
    return this.#tokens.has(runId);
  }
}
