import {
  BeginTransactionCommand,
  CommitTransactionCommand,
  ExecuteStatementCommand,
  RollbackTransactionCommand,
  type ExecuteStatementCommandOutput,
  type RDSDataClient,
} from "@aws-sdk/client-rds-data";
import { DatabaseError, DatabaseUnavailable, StatementTimeout } from "../../core/errors.ts";
import type { Database, Row, Session } from "../../core/ports.ts";
import type { Statement } from "../../core/sql/statement.ts";
import { databaseFailure } from "./database-failure.ts";
import { rowsOf, sqlParameters, UnreadableColumn } from "./field.ts";

export interface DataApiDatabaseProps {
  readonly client: RDSDataClient;
  /** ARN of the cluster. */
  readonly resourceArn: string;
  /** ARN of the secret with the role's name and password. */
  readonly secretArn: string;
  readonly database: string;
}

interface ExecuteOptions {
  readonly transactionId?: string;
  readonly continueAfterTimeout?: boolean;
}

/** Characters of a statement that a message quotes. */
const QUOTED_SQL = 120;

/**
 * The migrated database over the RDS Data API: one statement a call, at most 45 s each.
 *
 * @example
 * const database = new DataApiDatabase({ client: dataApiClient(), resourceArn, secretArn, database: "crm" });
 * const [row] = await database.execute(sql`SELECT count(*) AS contacts FROM crm.contacts`);
 */
export class DataApiDatabase implements Database {
  readonly #client: RDSDataClient;
  readonly #place: { readonly resourceArn: string; readonly secretArn: string; readonly database: string };

  constructor({ client, resourceArn, secretArn, database }: DataApiDatabaseProps) {
    this.#client = client;
    this.#place = { resourceArn, secretArn, database };
  }

  async execute(statement: Statement): Promise<readonly Row[]> {
    return this.#execute(statement, {});
  }

  async executeLong(statement: Statement): Promise<{ readonly finished: boolean }> {
    try {
      await this.#execute(statement, { continueAfterTimeout: true });
      return { finished: true };
    } catch (error) {
      if (error instanceof StatementTimeout) return { finished: false };
      throw error;
    }
  }

  /**
   * Commits only where every statement succeeded: PostgreSQL would turn the commit of a failed transaction into a
   * rollback, so `work` cannot swallow a statement's error and go on.
   *
   * @throws DatabaseUnavailable where the commit's answer was lost: whether it took effect is unknown.
   */
  async transaction<T>(work: (session: Session) => Promise<T>): Promise<T> {
    const transactionId = await this.#begin();
    let failure: { readonly error: unknown } | undefined;
    const session: Session = {
      execute: async (statement) => {
        if (failure !== undefined) throw failure.error;
        try {
          return await this.#execute(statement, { transactionId });
        } catch (error) {
          failure ??= { error };
          throw error;
        }
      },
    };
    try {
      const value = await work(session);
      if (failure !== undefined) throw failure.error;
      await this.#commit(transactionId);
      return value;
    } catch (error) {
      await this.#rollback(transactionId);
      throw error;
    }
  }

  async #execute(statement: Statement, options: ExecuteOptions): Promise<readonly Row[]> {
    const object = `statement ${quoted(statement.text)} on database "${this.#place.database}"`;
    const output = await this.#send(object, async () =>
      this.#client.send(
        new ExecuteStatementCommand({
          ...this.#place,
          ...options,
          sql: statement.text,
          parameters: sqlParameters(statement),
          includeResultMetadata: true,
          resultSetOptions: { decimalReturnType: "STRING", longReturnType: "STRING" },
        }),
      ),
    );
    return readRows(output, object);
  }

  async #begin(): Promise<string> {
    const object = `transaction on database "${this.#place.database}"`;
    const { transactionId } = await this.#send(object, async () =>
      this.#client.send(new BeginTransactionCommand(this.#place)),
    );
    if (transactionId !== undefined) return transactionId;
    throw new DatabaseUnavailable({ object, problem: "the Data API gave it no id", remedy: "Repeat the call" });
  }

  async #commit(transactionId: string): Promise<void> {
    const { resourceArn, secretArn } = this.#place;
    await this.#send(`commit on database "${this.#place.database}"`, async () =>
      this.#client.send(new CommitTransactionCommand({ resourceArn, secretArn, transactionId })),
    );
  }

  /** A rollback that fails hides nothing: the service rolls back by itself after 3 minutes without a call. */
  async #rollback(transactionId: string): Promise<void> {
    const { resourceArn, secretArn } = this.#place;
    const command = new RollbackTransactionCommand({ resourceArn, secretArn, transactionId });
    await this.#client.send(command).catch(() => undefined);
  }

  async #send<T>(object: string, call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      throw databaseFailure(error, { object });
    }
  }
}

function readRows(output: ExecuteStatementCommandOutput, object: string): readonly Row[] {
  try {
    return rowsOf(output.records ?? [], output.columnMetadata ?? []);
  } catch (error) {
    if (!(error instanceof UnreadableColumn)) throw error;
    throw new DatabaseError("0A000", {
      object,
      problem: `its ${error.message}, which no row can hold`,
      remedy: "Cast the column to text or json",
    });
  }
}

/** The statement's beginning on one line. Values are parameters, so none is in it. */
function quoted(text: string): string {
  const line = text.replaceAll(/\s+/g, " ").trim();
  return JSON.stringify(line.length > QUOTED_SQL ? `${line.slice(0, QUOTED_SQL)}...` : line);
}
