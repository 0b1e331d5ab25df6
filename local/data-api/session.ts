import pg from "pg";
import { databaseException } from "./database-exception.ts";
import { ServiceException } from "./service-exception.ts";
import { WireQuery, type WireResult } from "./wire-query.ts";

/** How long a cancelled statement may take to end before its caller is answered all the same. */
const CANCEL_PATIENCE_MS = 5_000;

export interface RunOptions {
  /** Milliseconds until the caller is told that the statement timed out. */
  readonly timeoutMs: number;
  /** Whether the statement runs on then; it is cancelled otherwise. */
  readonly continueAfterTimeout: boolean;
}

/** One connection of the pool, lent to a call or to a transaction. */
export class Session {
  readonly #client: pg.PoolClient;
  readonly #connectionString: string;
  readonly #onError = (): void => void (this.#lost = true);
  #running: Promise<unknown> | undefined;
  #lost = false;
  #returned = false;

  constructor(client: pg.PoolClient, connectionString: string) {
    this.#client = client;
    this.#connectionString = connectionString;
    client.on("error", this.#onError);
  }

  /** Whether a statement is running, perhaps one whose caller was told long ago that it timed out. */
  get busy(): boolean {
    return this.#running !== undefined;
  }

  /** Whether the connection is gone, and with it the transaction. */
  get lost(): boolean {
    return this.#lost;
  }

  /** PostgreSQL's view of the transaction: idle, in one, or in a failed one. */
  get status(): "I" | "T" | "E" | null {
    return this.#client.getTransactionStatus();
  }

  /** The backend's process id, which the service calls the connection's id. */
  get backend(): number {
    const { processID } = this.#client as unknown as { readonly processID: number };
    return processID;
  }

  /**
   * Runs one statement. PostgreSQL's errors come as they are.
   *
   * @throws ServiceException StatementTimeoutException with the backend's id.
   */
  async run(query: WireQuery, options?: RunOptions): Promise<WireResult> {
    const settled = this.#client.query(query).result.finally(() => (this.#running = undefined));
    this.#running = settled.catch(() => undefined);
    if (options === undefined) return settled;
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<"timeout">((resolve) => {
      timer = setTimeout(() => resolve("timeout"), options.timeoutMs);
    });
    const first = await Promise.race([settled, timeout]).finally(() => clearTimeout(timer));
    if (first !== "timeout") return first;
    if (!options.continueAfterTimeout) await this.cancel();
    throw new ServiceException("StatementTimeoutException", "The execution of the SQL statement timed out.", {
      dbConnectionId: this.backend,
    });
  }

  /** Runs one statement of our own. */
  async command(text: string): Promise<WireResult> {
    return this.run(new WireQuery({ text }));
  }

  /** Cancels what is running and waits a while for its end. */
  async cancel(): Promise<void> {
    const running = this.#running;
    if (running === undefined) return;
    await signalBackend(this.#connectionString, `SELECT pg_cancel_backend(${String(this.backend)})`);
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise((resolve) => (timer = setTimeout(resolve, CANCEL_PATIENCE_MS)));
    await Promise.race([running, patience]);
    clearTimeout(timer);
  }

  /**
   * Gives the connection back as if it were new, once nothing runs on it any more: an open transaction is rolled back,
   * and settings, session locks and temporary tables are gone.
   */
  async release(): Promise<void> {
    await this.#running;
    try {
      if (this.#lost) throw new Error("the connection is lost");
      if (this.status !== "I") await this.command("ROLLBACK");
      await this.command("DISCARD ALL");
      this.#return();
    } catch {
      this.#return(true);
    }
  }

  /** Closes the connection, whatever runs on it. */
  async destroy(): Promise<void> {
    await this.cancel().catch(() => undefined);
    this.#return(true);
  }

  #return(destroy = false): void {
    if (this.#returned) return;
    this.#returned = true;
    if (!destroy) this.#client.off("error", this.#onError);
    this.#client.release(destroy);
  }
}

/** Signals a backend over a connection of its own, since the pool may have none left. */
async function signalBackend(connectionString: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString });
  client.on("error", () => undefined);
  try {
    await client.connect();
    await client.query(sql);
  } catch (error) {
    throw databaseException(error);
  } finally {
    await client.end().catch(() => undefined);
  }
}
