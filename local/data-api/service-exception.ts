/**
 * The errors of the RDS Data API as they go over the wire; their names and HTTP status codes are those of the
 * service's model. They never leave this server as JavaScript errors, so they are no part of `core/errors.ts`.
 */
const STATUS = {
  BadRequestException: 400,
  DatabaseErrorException: 400,
  DatabaseUnavailableException: 504,
  InternalFailure: 500,
  SecretsErrorException: 400,
  StatementTimeoutException: 400,
  TransactionNotFoundException: 404,
  UnsupportedResultException: 400,
  ValidationException: 400,
} as const;

export type ServiceExceptionName = keyof typeof STATUS;

export class ServiceException extends Error {
  override readonly name: ServiceExceptionName;
  /** HTTP status code. */
  readonly status: number;

  constructor(
    name: ServiceExceptionName,
    message: string,
    /** Members of the error's body besides its message. */
    readonly members: Readonly<Record<string, unknown>> = {},
  ) {
    super(message);
    this.name = name;
    this.status = STATUS[name];
  }
}
