import { DatabaseError, DatabaseUnavailable, StatementTimeout, type SluiceError } from "../../core/errors.ts";

/** What a failed call was about; nothing here may hold a parameter's value. */
export interface FailedCall {
  /** The object of the message: the statement, or what was done with the transaction. */
  readonly object: string;
}

/** Names by which the service, or the SDK on the way to it, says that the same call may succeed later. */
const TRANSIENT = new Set([
  "DatabaseResumingException",
  "DatabaseUnavailableException",
  "InternalFailure",
  "InternalServerErrorException",
  "RequestTimeout",
  "ServiceUnavailable",
  "ServiceUnavailableError",
  "ThrottlingException",
  "TimeoutError",
  "TooManyRequestsException",
  // The service forgets a transaction that was idle for 3 minutes or whose connection was lost; a new one may succeed.
  "TransactionNotFoundException",
]);

/** SQLSTATEs for refusals of the service itself, which has none (PostgreSQL's appendix A). */
const SERVICE_SQL_STATE: Readonly<Record<string, string>> = {
  AccessDeniedException: "28000",
  ForbiddenException: "28000",
  InvalidSecretException: "28000",
  SecretsErrorException: "28000",
  DatabaseNotFoundException: "3D000",
  UnsupportedResultException: "0A000",
  ValidationException: "42601",
};
const UNKNOWN_SQL_STATE = "58000";

/**
 * Class 08 is a lost connection, 57P0x a server that is shutting down or starting, 53300 one without a free slot, 25P03
 * a session that was ended because its transaction said nothing for too long.
 */
const UNAVAILABLE_SQL_STATE = /^(?:08...|57P0[1-5]|53300|25P03)$/;

/** Class 22 (data exceptions) quotes the value that it refuses, so its text stays out of messages. */
const QUOTES_VALUES = "22";

/** The service's validation quotes the member of the request that it refuses. */
const QUOTES_MEMBERS = /validation errors? detected/;

/**
 * The class of `core/errors.ts` for whatever the SDK threw. The name decides, never `instanceof`: not every error of
 * the service is modelled. The SDK's error does not become the cause where its message may quote a row.
 */
export function databaseFailure(error: unknown, call: FailedCall): SluiceError {
  const { name, message, status } = describe(error);
  if (name === "StatementTimeoutException") return timedOut(call);
  const sqlState =
    name === "DatabaseErrorException" || name === "BadRequestException" ? sqlStateOf(message) : undefined;
  if (sqlState !== undefined) return refused({ call, sqlState, message });
  if (name === "DatabaseErrorException" && message.includes("still running a query")) return busy(call);
  const fromService = status !== undefined;
  if (TRANSIENT.has(name) || !fromService || status >= 500) return unavailable({ call, name, error, fromService });
  return new DatabaseError(SERVICE_SQL_STATE[name] ?? UNKNOWN_SQL_STATE, {
    object: call.object,
    problem: `the Data API refused the call with ${name}${QUOTES_MEMBERS.test(message) ? "" : `: ${message}`}`,
    remedy: "Check the cluster, the secret, the database and the permissions that Sluice is configured with",
  });
}

/** The name, message and HTTP status of an error; the status is undefined where no answer came. */
function describe(error: unknown): {
  readonly name: string;
  readonly message: string;
  readonly status: number | undefined;
} {
  if (!(error instanceof Error)) return { name: "Error", message: String(error), status: undefined };
  const metadata = "$metadata" in error ? error.$metadata : undefined;
  const status =
    typeof metadata === "object" && metadata !== null && "httpStatusCode" in metadata
      ? metadata.httpStatusCode
      : undefined;
  return { name: error.name, message: error.message, status: typeof status === "number" ? status : undefined };
}

const sqlStateOf = (message: string): string | undefined => /SQLState: ([0-9A-Z]{5})\s*$/.exec(message)?.[1];

function timedOut(call: FailedCall): StatementTimeout {
  return new StatementTimeout({
    object: call.object,
    problem: "it ran past the 45 s of the Data API",
    remedy: "Read the ledger before repeating it, and make the step smaller",
  });
}

/** A statement of the same transaction whose answer was lost is still running. */
function busy(call: FailedCall): DatabaseUnavailable {
  return new DatabaseUnavailable({
    object: call.object,
    problem: "the transaction is still running another statement",
    remedy: "Run one statement of a transaction at a time; repeat the transaction once this one has ended",
  });
}

function unavailable(props: {
  readonly call: FailedCall;
  readonly name: string;
  readonly error: unknown;
  readonly fromService: boolean;
}): DatabaseUnavailable {
  return new DatabaseUnavailable({
    object: props.call.object,
    problem: props.fromService ? `the Data API answered ${props.name}` : `the Data API did not answer (${props.name})`,
    remedy: "Read the ledger, then repeat the call",
    cause: props.fromService ? undefined : props.error,
  });
}

function refused(props: {
  readonly call: FailedCall;
  readonly sqlState: string;
  readonly message: string;
}): DatabaseError | DatabaseUnavailable {
  const { call, sqlState } = props;
  const problem = `PostgreSQL refused it with SQLSTATE ${sqlState}${safeText(props)}`;
  if (UNAVAILABLE_SQL_STATE.test(sqlState)) {
    return new DatabaseUnavailable({ object: call.object, problem, remedy: "Read the ledger, then repeat the call" });
  }
  return new DatabaseError(sqlState, {
    object: call.object,
    problem,
    remedy: "Look the SQLSTATE up and mend its cause",
  });
}

/** PostgreSQL's primary message. `Detail` quotes the row that violates a constraint, so it stays out. */
function safeText({ sqlState, message }: { readonly sqlState: string; readonly message: string }): string {
  if (sqlState.startsWith(QUOTES_VALUES)) return "";
  const [primary = ""] = message
    .replace(/^(?:ERROR|FATAL|PANIC): /, "")
    .split(/;? ?\n? *(?:Detail|Hint|Position|SQLState): /);
  return primary && `: ${primary}`;
}
