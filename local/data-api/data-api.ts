import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { jsonText, MAX_RESPONSE_BYTES, responseTooLarge } from "./result-set.ts";
import { DataApiService, type DataApiCluster, type ServiceOptions, type StatementEvent } from "./service.ts";
import { ServiceException } from "./service-exception.ts";

/** Bytes of one request's body. */
const MAX_REQUEST_BYTES = 4 * 1024 * 1024;
const MINUTE_MS = 60_000;

export interface DataApiOptions {
  readonly clusters: readonly DataApiCluster[];
  /** @default a free port of 127.0.0.1 */
  readonly port?: number;
  /** Milliseconds of a call. Tests shorten it; the service has 45 s. @default 45000 */
  readonly statementTimeoutMs?: number;
  /** Milliseconds without a call until a transaction is rolled back. @default 3 minutes */
  readonly transactionIdleMs?: number;
  /** Milliseconds that a transaction may live. @default 24 hours */
  readonly transactionLifetimeMs?: number;
  /** Connections to each database; a call waits where all are taken. @default 40 */
  readonly maxConnections?: number;
  /** Called after each statement. */
  readonly onStatement?: (event: StatementEvent) => void;
}

/** A running Data API. */
export interface DataApiServer {
  /** What AWS_ENDPOINT_URL_RDS_DATA has to be. */
  readonly url: string;
  /** Ends the database connections of all sessions and transactions, as a failover would. */
  dropConnections(): Promise<void>;
  /** Cancels what runs, rolls open transactions back and stops listening. */
  close(): Promise<void>;
}

/** Serves the RDS Data API's protocol (restJson1) on 127.0.0.1 in front of PostgreSQL, by the real service's rules. */
export async function startDataApi(options: DataApiOptions): Promise<DataApiServer> {
  const service = new DataApiService(withDefaults(options));
  const server = createServer((request, response) => void answer(service, request, response));
  // A client that keeps its connection for longer than we do would find it closed under a statement.
  server.keepAliveTimeout = 5 * MINUTE_MS;
  server.listen(options.port ?? 0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new TypeError("a TCP server has an address with a port");
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    const closed = once(server, "close");
    server.close();
    server.closeAllConnections();
    await service.close();
    await closed;
  };
  return {
    url: `http://127.0.0.1:${String(address.port)}`,
    dropConnections: async () => service.dropConnections(),
    close: async () => (closing ??= close()),
  };
}

function withDefaults(options: DataApiOptions): ServiceOptions {
  return {
    clusters: options.clusters,
    statementTimeoutMs: options.statementTimeoutMs ?? 45_000,
    transactionIdleMs: options.transactionIdleMs ?? 3 * MINUTE_MS,
    transactionLifetimeMs: options.transactionLifetimeMs ?? 24 * 60 * MINUTE_MS,
    maxConnections: options.maxConnections ?? 40,
    onStatement: options.onStatement ?? (() => undefined),
  };
}

const OPERATIONS: Readonly<Record<string, (service: DataApiService, body: unknown) => Promise<object>>> = {
  "/Execute": async (service, body) => service.execute(body),
  "/BatchExecute": async (service, body) => service.batchExecute(body),
  "/BeginTransaction": async (service, body) => service.beginTransaction(body),
  "/CommitTransaction": async (service, body) => service.commitTransaction(body),
  "/RollbackTransaction": async (service, body) => service.rollbackTransaction(body),
};

async function answer(service: DataApiService, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    const operation = OPERATIONS[request.url ?? ""];
    if (request.method !== "POST" || operation === undefined) {
      throw new ServiceException("BadRequestException", `${String(request.method)} ${String(request.url)} is unknown`);
    }
    const body = jsonText(await operation(service, await readBody(request)));
    if (Buffer.byteLength(body) > MAX_RESPONSE_BYTES) throw responseTooLarge();
    send(response, { status: 200, headers: {}, body });
  } catch (error) {
    sendError(response, error);
  }
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    // The rest is read all the same: a client that is still sending would not see the answer.
    if (bytes <= MAX_REQUEST_BYTES) chunks.push(chunk);
  }
  if (bytes > MAX_REQUEST_BYTES) throw new ServiceException("BadRequestException", "The request exceeds 4 MiB");
  try {
    return JSON.parse(Buffer.concat(chunks).toString("utf8"));
  } catch {
    throw new ServiceException("BadRequestException", "The request is not JSON");
  }
}

function sendError(response: ServerResponse, error: unknown): void {
  const known =
    error instanceof ServiceException
      ? error
      : new ServiceException("InternalFailure", "An internal failure has occurred.");
  if (known !== error) process.emitWarning(error instanceof Error ? error : String(error));
  const body = JSON.stringify({ message: known.message, ...known.members });
  send(response, { status: known.status, headers: { "x-amzn-errortype": known.name }, body });
}

function send(
  response: ServerResponse,
  answer: { readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: string },
): void {
  response.writeHead(answer.status, { "content-type": "application/json", ...answer.headers });
  response.end(answer.body);
}

export type { DataApiCluster, StatementEvent };
