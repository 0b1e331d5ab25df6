import pg from "pg";
import { databaseException } from "./database-exception.ts";
import { Session } from "./session.ts";
import { TypeNames } from "./type-names.ts";

/** What `pg_stat_activity` shows of this server's connections. */
export const APPLICATION_NAME = "sluice-data-api";

/**
 * What results rely on, whatever the database or the role sets; `DISCARD ALL` goes back to these. The service returns
 * timestamps with time zone in UTC.
 */
const SESSION_SETTINGS = "-c timezone=UTC -c datestyle=ISO -c bytea_output=hex -c standard_conforming_strings=on";

/** The connections to one database. */
export class SessionPool {
  readonly typeNames = new TypeNames();
  readonly #connectionString: string;
  readonly #pool: pg.Pool;
  readonly #sessions = new Set<Session>();

  constructor(props: { readonly connectionString: string; readonly maxConnections: number }) {
    this.#connectionString = props.connectionString;
    this.#pool = new pg.Pool({
      connectionString: props.connectionString,
      max: props.maxConnections,
      application_name: APPLICATION_NAME,
      options: SESSION_SETTINGS,
      idleTimeoutMillis: 30_000,
    });
    // An idle connection may be killed at any time; the pool has dropped it by itself.
    this.#pool.on("error", () => undefined);
  }

  /** @throws ServiceException where the database cannot be reached. */
  async acquire(): Promise<Session> {
    try {
      const session = new Session(await this.#pool.connect(), this.#connectionString);
      this.#sessions.add(session);
      return session;
    } catch (error) {
      throw databaseException(error);
    }
  }

  /** Gives a session back in the background: its caller need not wait for the clean-up. */
  release(session: Session): void {
    void session.release().then(() => this.#sessions.delete(session));
  }

  /** Ends every connection's backend, as a failover would. */
  async dropConnections(): Promise<void> {
    const client = new pg.Client({ connectionString: this.#connectionString });
    try {
      await client.connect();
      await client.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
          WHERE application_name = $1 AND datname = current_database()`,
        [APPLICATION_NAME],
      );
    } finally {
      await client.end();
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#sessions].map((session) => session.destroy()));
    await this.#pool.end();
  }
}
