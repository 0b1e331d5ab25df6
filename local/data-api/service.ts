import { databaseException } from "./database-exception.ts";
import { positionalStatement } from "./named-parameters.ts";
import { bindParameters } from "./parameter-values.ts";
import {
  batchExecuteRequest,
  beginTransactionRequest,
  endTransactionRequest,
  executeRequest,
  parseRequest,
  type ClusterRequest,
  type EndTransactionRequest,
  type ExecuteRequest,
  type PlaceRequest,
  type SqlParameter,
  type StatementRequest,
} from "./requests.ts";
import { executeResponse, MAX_RESPONSE_BYTES } from "./result-set.ts";
import { ServiceException } from "./service-exception.ts";
import { SessionPool } from "./session-pool.ts";
import type { Session } from "./session.ts";
import { Transactions, type Transaction } from "./transactions.ts";
import { WireQuery, type WireResult } from "./wire-query.ts";

/** A cluster that the service knows. */
export interface DataApiCluster {
  readonly resourceArn: string;
  readonly secretArn: string;
  /** Where a call names no database. @default "postgres" */
  readonly defaultDatabase?: string;
  /** The PostgreSQL URL of one of its databases. */
  connectionString(database: string): string;
}

/** What a statement did, for measurements. */
export interface StatementEvent {
  readonly sql: string;
  readonly milliseconds: number;
  readonly transactionId: string | undefined;
  /** The name of the error that was answered. */
  readonly error: string | undefined;
}

export interface ServiceOptions {
  readonly clusters: readonly DataApiCluster[];
  readonly statementTimeoutMs: number;
  readonly transactionIdleMs: number;
  readonly transactionLifetimeMs: number;
  readonly maxConnections: number;
  readonly onStatement: (event: StatementEvent) => void;
}

type Response = Readonly<Record<string, unknown>>;
type Finish<T> = (result: WireResult, on: { readonly session: Session; readonly pool: SessionPool }) => Promise<T>;

interface Call {
  readonly request: StatementRequest;
  readonly parameters: readonly SqlParameter[];
  readonly continueAfterTimeout: boolean;
}

/** The operations of the RDS Data API over PostgreSQL. Each takes a request's parsed JSON and returns the response. */
export class DataApiService {
  readonly #options: ServiceOptions;
  readonly #transactions: Transactions;
  readonly #pools = new Map<string, SessionPool>();

  constructor(options: ServiceOptions) {
    this.#options = options;
    this.#transactions = new Transactions({
      idleMs: options.transactionIdleMs,
      lifetimeMs: options.transactionLifetimeMs,
    });
  }

  async execute(body: unknown): Promise<Response> {
    const request = parseRequest(executeRequest, body);
    const call = {
      request,
      parameters: request.parameters ?? [],
      continueAfterTimeout: request.continueAfterTimeout ?? false,
    };
    return this.#run(call, async (result, on) => response(result, request, on));
  }

  /** Without a transaction each parameter set commits by itself. */
  async batchExecute(body: unknown): Promise<Response> {
    const request = parseRequest(batchExecuteRequest, body);
    const sets = request.parameterSets ?? [];
    for (const parameters of sets.length === 0 ? [[]] : sets) {
      await this.#run({ request, parameters, continueAfterTimeout: false }, () => Promise.resolve(undefined));
    }
    return { updateResults: sets.map(() => ({ generatedFields: [] })) };
  }

  async beginTransaction(body: unknown): Promise<Response> {
    const request = parseRequest(beginTransactionRequest, body);
    const pool = this.#pool(request);
    const session = await pool.acquire();
    try {
      await session.command("BEGIN");
    } catch (error) {
      pool.release(session);
      throw databaseException(error);
    }
    const { resourceArn, database } = request;
    const transactionId = this.#transactions.add({ resourceArn, database: database ?? undefined, pool, session });
    return { transactionId };
  }

  async commitTransaction(body: unknown): Promise<Response> {
    const request = parseRequest(endTransactionRequest, body);
    await this.#end(request, async ({ session }) => {
      const { command } = await session.command("COMMIT");
      // PostgreSQL answers COMMIT of a failed transaction with a silent ROLLBACK.
      if (command === "ROLLBACK") throw abortedTransaction();
    });
    return { transactionStatus: "Transaction Committed" };
  }

  async rollbackTransaction(body: unknown): Promise<Response> {
    const request = parseRequest(endTransactionRequest, body);
    await this.#end(request, async ({ session }) => {
      await session.command("ROLLBACK");
    });
    return { transactionStatus: "Rollback Complete" };
  }

  /** Ends the backends of all connections, as a failover would. */
  async dropConnections(): Promise<void> {
    for (const pool of this.#pools.values()) await pool.dropConnections();
  }

  async close(): Promise<void> {
    await Promise.all([...this.#pools.values()].map((pool) => pool.close()));
  }

  async #end(request: EndTransactionRequest, work: (transaction: Transaction) => Promise<void>): Promise<void> {
    this.#cluster(request);
    await this.#transactions.use(request.transactionId, async (transaction) => {
      try {
        await work(transaction);
      } catch (error) {
        throw databaseException(error);
      } finally {
        this.#transactions.end(request.transactionId);
      }
    });
  }

  /** Runs one statement in its transaction, or by itself on a session that is given back afterwards. */
  async #run<T>(call: Call, finish: Finish<T>): Promise<T> {
    const { request } = call;
    if (request.transactionId != null) {
      this.#cluster(request);
      return this.#transactions.use(request.transactionId, async (transaction) => {
        refuseOtherPlace(transaction, request);
        return this.#statement(call, transaction, finish);
      });
    }
    const pool = this.#pool(request);
    const session = await pool.acquire();
    try {
      return await this.#statement(call, { session, pool }, finish);
    } finally {
      pool.release(session);
    }
  }

  async #statement<T>(
    call: Call,
    on: { readonly session: Session; readonly pool: SessionPool },
    finish: Finish<T>,
  ): Promise<T> {
    const { text, names, positionOf } = positionalStatement(call.request.sql);
    const parameters = bindParameters(names, call.parameters);
    const started = performance.now();
    let failure: ServiceException | undefined;
    try {
      const result = await on.session.run(new WireQuery({ text, parameters, maxBytes: MAX_RESPONSE_BYTES }), {
        timeoutMs: this.#options.statementTimeoutMs,
        continueAfterTimeout: call.continueAfterTimeout,
      });
      return await finish(result, on);
    } catch (error) {
      failure = databaseException(error, positionOf);
      throw failure;
    } finally {
      this.#options.onStatement({
        sql: call.request.sql,
        milliseconds: performance.now() - started,
        transactionId: call.request.transactionId ?? undefined,
        error: failure?.name,
      });
    }
  }

  #cluster(request: ClusterRequest): DataApiCluster {
    const cluster = this.#options.clusters.find(({ resourceArn }) => resourceArn === request.resourceArn);
    if (cluster === undefined) {
      throw new ServiceException("BadRequestException", `DB cluster ${request.resourceArn} isn't found`);
    }
    if (cluster.secretArn !== request.secretArn) {
      throw new ServiceException(
        "SecretsErrorException",
        `Error fetching secret ${request.secretArn} : Secrets Manager can't find the specified secret.`,
      );
    }
    return cluster;
  }

  #pool(request: PlaceRequest): SessionPool {
    const cluster = this.#cluster(request);
    const database = request.database ?? cluster.defaultDatabase ?? "postgres";
    const key = JSON.stringify([cluster.resourceArn, database]);
    const known = this.#pools.get(key);
    if (known !== undefined) return known;
    const { maxConnections } = this.#options;
    const pool = new SessionPool({ connectionString: cluster.connectionString(database), maxConnections });
    this.#pools.set(key, pool);
    return pool;
  }
}

async function response(
  result: WireResult,
  request: ExecuteRequest,
  on: { readonly session: Session; readonly pool: SessionPool },
): Promise<Response> {
  const types = await on.pool.typeNames.of(result.fields ?? [], on.session);
  return executeResponse(result, types, request);
}

function refuseOtherPlace(transaction: Transaction, request: StatementRequest): void {
  const sameDatabase = request.database == null || request.database === transaction.database;
  if (sameDatabase && request.resourceArn === transaction.resourceArn) return;
  throw new ServiceException("BadRequestException", "Database name is not the same as transaction's");
}

const abortedTransaction = (): ServiceException =>
  new ServiceException(
    "DatabaseErrorException",
    "ERROR: current transaction is aborted, it was rolled back instead of committed; SQLState: 25P02",
  );
