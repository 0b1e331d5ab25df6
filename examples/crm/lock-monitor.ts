import { Client } from "pg";
import { APPLICATION_NAME } from "./app.ts";

const INTERVAL_MS = 50;

/** A wait of the application for a lock that somebody else held, or queued for ahead of it. */
export interface LockWait {
  readonly milliseconds: number;
  /** `transactionid` is a row that another transaction is changing; `relation` a table. */
  readonly lockType: string;
  readonly mode: string;
  /** The statement that stood in the way, its first hundred characters. */
  readonly blockedBy: string;
}

/**
 * Waits of the application that are not for itself and not for autovacuum, which yields by itself.
 * `waitstart` is when the wait began, so a wait seen once is known to that moment, not just to the sample.
 */
const WAITS = `
  SELECT (extract(epoch FROM clock_timestamp() - lock.waitstart) * 1000)::float8 AS milliseconds,
    lock.locktype AS "lockType", lock.mode, left(regexp_replace(btrim(blocker.query), '\\s+', ' ', 'g'), 100) AS "blockedBy"
  FROM pg_locks AS lock
  JOIN pg_stat_activity AS waiter ON waiter.pid = lock.pid AND waiter.application_name = $1
  JOIN LATERAL unnest(pg_blocking_pids(lock.pid)) AS blocking (pid) ON true
  JOIN pg_stat_activity AS blocker ON blocker.pid = blocking.pid
    AND blocker.application_name <> $1 AND blocker.backend_type = 'client backend'
  WHERE NOT lock.granted AND lock.waitstart IS NOT NULL
  ORDER BY 1 DESC LIMIT 1`;

/**
 * Samples every 50 ms who waits for whom, over a connection of its own. A wait can end up to 50 ms after it was last
 * seen, and one shorter than that can be missed: the longest wait is a lower bound, good to 50 ms.
 */
export class LockMonitor {
  readonly #client: Client;
  #stopped = false;
  #loop: Promise<void> = Promise.resolve();
  #longest: LockWait | undefined;
  #samples = 0;

  constructor(connectionString: string) {
    this.#client = new Client({ connectionString, application_name: "crm-lock-monitor" });
    this.#client.on("error", () => {
      this.#stopped = true;
    });
  }

  /** Undefined where no wait was seen. */
  get longest(): LockWait | undefined {
    return this.#longest;
  }

  /** How often it looked: a monitor that never did has seen nothing either. */
  get samples(): number {
    return this.#samples;
  }

  async start(): Promise<void> {
    await this.#client.connect();
    this.#loop = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#loop;
    await this.#client.end();
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      await this.#sample().catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, INTERVAL_MS));
    }
  }

  async #sample(): Promise<void> {
    const { rows } = await this.#client.query<LockWait>({ name: "waits", text: WAITS, values: [APPLICATION_NAME] });
    this.#samples += 1;
    const [wait] = rows;
    if (wait !== undefined && wait.milliseconds > (this.#longest?.milliseconds ?? 0)) this.#longest = wait;
  }
}
