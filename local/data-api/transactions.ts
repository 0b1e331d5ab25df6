import { randomBytes } from "node:crypto";
import type { SessionPool } from "./session-pool.ts";
import type { Session } from "./session.ts";
import { ServiceException } from "./service-exception.ts";

/** An open transaction. */
export interface Transaction {
  readonly id: string;
  readonly resourceArn: string;
  /** Undefined where the begin named none; later calls name the same or none. */
  readonly database: string | undefined;
  readonly pool: SessionPool;
  readonly session: Session;
}

interface Entry extends Transaction {
  /** Whether a call is using it. */
  inUse: boolean;
  idle: NodeJS.Timeout | undefined;
  readonly lifetime: NodeJS.Timeout;
}

export interface TransactionLimits {
  /** Milliseconds without a call until a transaction is rolled back. */
  readonly idleMs: number;
  /** Milliseconds that a transaction may live. */
  readonly lifetimeMs: number;
}

/** The open transactions by id. */
export class Transactions {
  readonly #limits: TransactionLimits;
  readonly #open = new Map<string, Entry>();

  constructor(limits: TransactionLimits) {
    this.#limits = limits;
  }

  add(transaction: Omit<Transaction, "id">): string {
    const id = randomBytes(48).toString("base64");
    const lifetime = setTimeout(() => this.#expire(id), this.#limits.lifetimeMs).unref();
    this.#open.set(id, { ...transaction, id, lifetime, inUse: false, idle: undefined });
    this.#watch(id);
    return id;
  }

  /**
   * Runs `work` in the transaction; the idle time starts anew when it has ended.
   *
   * @throws ServiceException where there is no such transaction, or a statement of it is running.
   */
  async use<T>(id: string, work: (transaction: Transaction) => Promise<T>): Promise<T> {
    const entry = this.#open.get(id);
    if (entry?.session.lost === true) this.#remove(entry);
    if (entry === undefined || entry.session.lost) {
      throw new ServiceException("TransactionNotFoundException", `Transaction ${id} is not found`);
    }
    if (entry.inUse || entry.session.busy) {
      throw new ServiceException("DatabaseErrorException", "Transaction is still running a query");
    }
    clearTimeout(entry.idle);
    entry.inUse = true;
    try {
      return await work(entry);
    } finally {
      entry.inUse = false;
      this.#watch(id);
    }
  }

  /** Forgets the transaction and gives its session back, which rolls back what is left of it. */
  end(id: string): void {
    const entry = this.#open.get(id);
    if (entry !== undefined) this.#remove(entry);
  }

  #watch(id: string): void {
    const entry = this.#open.get(id);
    if (entry !== undefined) entry.idle = setTimeout(() => this.#expireIdle(id), this.#limits.idleMs).unref();
  }

  #expireIdle(id: string): void {
    // A statement that runs on after its time-out keeps its transaction.
    if (this.#open.get(id)?.session.busy === true) this.#watch(id);
    else this.end(id);
  }

  #expire(id: string): void {
    void this.#open
      .get(id)
      ?.session.cancel()
      .catch(() => undefined);
    this.end(id);
  }

  #remove(entry: Entry): void {
    clearTimeout(entry.idle);
    clearTimeout(entry.lifetime);
    this.#open.delete(entry.id);
    entry.pool.release(entry.session);
  }
}
