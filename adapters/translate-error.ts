import { NotFound, ServiceRefused, ServiceUnavailable, SluiceError } from "../core/errors.ts";

/** What a call was about, for the message. */
export interface CallContext {
  /** The service as a person calls it: "DynamoDB". */
  readonly service: string;
  /** The object that the call names, as its owner would write it. */
  readonly object: string;
}

/** The service is busy: it says so by one of these names, under a 4xx status. */
const BUSY = new Set([
  "ConditionalRequestConflict",
  "ConflictException",
  "LimitExceededException",
  "OperationAborted",
  "PriorRequestNotComplete",
  "ProvisionedThroughputExceededException",
  "ReplicatedWriteConflictException",
  "RequestLimitExceeded",
  "RequestThrottled",
  "RequestThrottledException",
  "SlowDown",
  "ThrottledException",
  "Throttling",
  "ThrottlingException",
  "TooManyRequestsException",
  "TransactionConflictException",
  "TransactionInProgressException",
]);

/** The call did not get through: Node's codes, and the SDK's own names. */
const NETWORK = new Set([
  "AbortError",
  "EAI_AGAIN",
  "ECONNREFUSED",
  "ECONNRESET",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "EPIPE",
  "ETIMEDOUT",
  "NetworkingError",
  "RequestTimeout",
  "RequestTimeoutException",
  "TimeoutError",
]);

const MISSING = new Set(["ResourceNotFoundException", "NoSuchBucket", "NotFoundException", "NotFound"]);

/**
 * Runs one call to AWS and turns what it throws into a class of `core/errors.ts`: ServiceUnavailable for throttling, a
 * conflict, 5xx and the network; NotFound; ServiceRefused for the rest. By name and status, never `instanceof`: a
 * bundle may hold two copies of a class.
 */
export async function translated<T>(context: CallContext, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw translateError(context, error);
  }
}

/** See {@link translated}. An error of ours comes back as it is. */
export function translateError(context: CallContext, cause: unknown): SluiceError {
  if (cause instanceof SluiceError) return cause;
  const name = errorName(cause);
  const { service, object } = context;
  const said = `${name}: ${messageOf(cause)}`;
  if (isTransient(cause)) {
    return new ServiceUnavailable({ object, problem: `${service} did not answer (${said})`, remedy: "Retry", cause });
  }
  if (MISSING.has(name)) {
    const remedy = "Deploy the stack again, or correct the name";
    return new NotFound({ object, problem: `${service} has no such thing (${said})`, remedy, cause });
  }
  const remedy = "Check the role's permissions and the service's limits; the same call will be refused again";
  return new ServiceRefused({ object, problem: `${service} refused the call (${said})`, remedy, cause });
}

/** The `name` of an error of the SDK; its literal is the service's own, unlike the class. */
export function errorName(error: unknown): string {
  return error instanceof Error ? error.name : typeof error;
}

function isTransient(error: unknown): boolean {
  return (
    BUSY.has(errorName(error)) ||
    NETWORK.has(errorName(error)) ||
    NETWORK.has(String(property(error, "code"))) ||
    Number(property(property(error, "$metadata"), "httpStatusCode")) >= 500 ||
    Number(property(property(error, "$metadata"), "httpStatusCode")) === 429
  );
}

/** An AggregateError of several refused addresses has an empty message and a code. */
function messageOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  if (message !== "") return message;
  const code = property(error, "code");
  return typeof code === "string" ? code : "no message";
}

function property(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>)[key] : undefined;
}
