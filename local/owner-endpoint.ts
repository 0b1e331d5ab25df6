import { randomBytes, timingSafeEqual } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { LocalSetupFailed } from "../core/errors.ts";

/** Where the process that owns a local stack listens, and the token that it knows itself by. */
export interface Owner {
  readonly pid: number;
  readonly url: string;
  readonly token: string;
}

const POLL_MS = 50;
const ANSWER_TIMEOUT_MS = 2_000;

/**
 * Lets another process find out whether the owner of a local stack is alive, and ask it to stop.
 *
 * A process id in a file would not do: after a crash the number may belong to somebody else, whom a signal would end.
 */
export class OwnerEndpoint {
  readonly #token = randomBytes(16).toString("hex");
  readonly #server: Server;
  #port = 0;

  /** @param onStop called at each request to stop. */
  constructor(private readonly onStop: () => void) {
    this.#server = createServer((request, response) => this.#answer(request, response));
    this.#server.unref();
  }

  /** Listens on a free port of 127.0.0.1. */
  async open(): Promise<Owner> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    const address = this.#server.address();
    if (address !== null && typeof address !== "string") this.#port = address.port;
    return { pid: process.pid, url: `http://127.0.0.1:${String(this.#port)}`, token: this.#token };
  }

  async close(): Promise<void> {
    if (!this.#server.listening) return;
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, "close");
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const expected = Buffer.from(`Bearer ${this.#token}`);
    const given = Buffer.from(request.headers.authorization ?? "");
    const authorized = given.length === expected.length && timingSafeEqual(given, expected);
    response.writeHead(authorized ? 204 : 401).end();
    if (authorized && request.method === "POST") this.onStop();
  }
}

/** Whether the very process that wrote `owner` still runs. */
export async function ownerAnswers(owner: Owner): Promise<boolean> {
  return ask(owner, "GET");
}

/**
 * Asks the owner to stop, and waits until it has.
 *
 * @throws LocalSetupFailed where it still answers after `timeoutMs`.
 */
export async function stopOwner(owner: Owner, timeoutMs = 30_000): Promise<void> {
  if (!(await ask(owner, "POST"))) return;
  const deadline = Date.now() + timeoutMs;
  while (await ask(owner, "GET")) {
    if (Date.now() > deadline) throw stillRunning(owner.pid, timeoutMs);
    await sleep(POLL_MS);
  }
}

async function ask({ url, token }: Owner, method: "GET" | "POST"): Promise<boolean> {
  try {
    const headers = { authorization: `Bearer ${token}`, connection: "close" };
    const response = await fetch(url, { method, headers, signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) });
    return response.status === 204;
  } catch {
    return false;
  }
}

function stillRunning(pid: number, timeoutMs: number): LocalSetupFailed {
  return new LocalSetupFailed({
    object: `local stack of process ${String(pid)}`,
    problem: `was asked to stop ${String(timeoutMs / 1_000)} s ago and still runs`,
    remedy: "End that process; everything that it started ends with it",
  });
}
