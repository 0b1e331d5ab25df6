import { DatabaseError } from "pg";
import { ServiceException } from "./service-exception.ts";

/** Where an offset of the rewritten statement was in the caller's text; both count characters from 1. */
export type PositionOf = (position: number) => number;

const MULTIPLE_COMMANDS = "cannot insert multiple commands into a prepared statement";
const UNREACHABLE = new Set(["ECONNREFUSED", "ENOTFOUND", "ETIMEDOUT", "EHOSTUNREACH", "ECONNRESET"]);

/** What the service answers where PostgreSQL refused a statement, or where the connection to it was lost. */
export function databaseException(error: unknown, positionOf: PositionOf = (position) => position): ServiceException {
  if (error instanceof ServiceException) return error;
  if (error instanceof DatabaseError) return refused(error, positionOf);
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (UNREACHABLE.has(code)) {
    return new ServiceException(
      "DatabaseUnavailableException",
      "The writer instance in the DB cluster isn't available.",
    );
  }
  return new ServiceException(
    "DatabaseErrorException",
    "FATAL: An I/O error occurred while sending to the backend.; SQLState: 08006",
  );
}

function refused(error: DatabaseError, positionOf: PositionOf): ServiceException {
  if (error.code === "42601" && error.message === MULTIPLE_COMMANDS) {
    return new ServiceException("ValidationException", "Multistatements aren't supported");
  }
  const parts = [
    `${error.severity ?? "ERROR"}: ${error.message}`,
    ...(error.detail === undefined ? [] : [`Detail: ${error.detail}`]),
    ...(error.hint === undefined ? [] : [`Hint: ${error.hint}`]),
    ...(error.position === undefined ? [] : [`Position: ${String(positionOf(Number(error.position)))}`]),
    `SQLState: ${error.code ?? "XX000"}`,
  ];
  return new ServiceException("DatabaseErrorException", parts.join("; "));
}
