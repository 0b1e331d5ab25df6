import { describe, expect, it } from "vitest";
import { databaseFailure } from "../../../adapters/data-api/database-failure.ts";

/** An error as the SDK throws it. */
function sdkError(name: string, message = "text", status = 400): Error {
  return Object.assign(new Error(message), { name, $metadata: { httpStatusCode: status } });
}

const classify = (error: unknown) => databaseFailure(error, { object: 'statement "SELECT 1"' });

describe("databaseFailure", () => {
  it.each([
    ["DatabaseResumingException", 400],
    ["DatabaseUnavailableException", 504],
    ["ServiceUnavailableError", 503],
    ["InternalServerErrorException", 500],
    ["InternalFailure", 500],
    ["ThrottlingException", 400],
    ["TransactionNotFoundException", 404],
    ["SomethingNewException", 502],
  ])("takes %s as unavailable", (name, status) => {
    expect(classify(sdkError(name, "text", status))).toMatchObject({ name: "DatabaseUnavailable", retry: "transient" });
  });

  it.each(["TimeoutError", "Error", "AbortError"])("takes %s without an answer as unavailable", (name) => {
    expect(classify(Object.assign(new Error("ECONNRESET"), { name }))).toMatchObject({ name: "DatabaseUnavailable" });
  });

  it.each(["08006", "57P01", "57P02", "57P03", "53300", "25P03"])("takes SQLSTATE %s as unavailable", (sqlState) => {
    const error = sdkError("DatabaseErrorException", `FATAL: gone; SQLState: ${sqlState}`);
    expect(classify(error)).toMatchObject({ name: "DatabaseUnavailable" });
  });

  it.each(["55P03", "40001", "57014", "23505"])("keeps SQLSTATE %s for the caller to decide", (sqlState) => {
    const error = sdkError("DatabaseErrorException", `ERROR: no; SQLState: ${sqlState}`);
    expect(classify(error)).toMatchObject({ name: "DatabaseError", sqlState });
  });

  it("reads the SQLSTATE that PostgreSQL gave last, not one within a message", () => {
    const error = sdkError("DatabaseErrorException", "ERROR: said SQLState: 08006 once; SQLState: P0001");
    expect(classify(error)).toMatchObject({ name: "DatabaseError", sqlState: "P0001" });
  });

  it("takes a timeout for what it is, by name", () => {
    expect(classify(sdkError("StatementTimeoutException"))).toMatchObject({ name: "StatementTimeout" });
  });

  it("takes a transaction that still runs a statement as unavailable", () => {
    const error = sdkError("DatabaseErrorException", "Transaction is still running a query");
    expect(classify(error)).toMatchObject({ name: "DatabaseUnavailable" });
  });

  it.each([
    ["AccessDeniedException", "28000"],
    ["ForbiddenException", "28000"],
    ["SecretsErrorException", "28000"],
    ["DatabaseNotFoundException", "3D000"],
    ["UnsupportedResultException", "0A000"],
    ["ValidationException", "42601"],
    ["HttpEndpointNotEnabledException", "58000"],
  ])("gives %s the SQLSTATE %s and never retries it", (name, sqlState) => {
    expect(classify(sdkError(name))).toMatchObject({ name: "DatabaseError", sqlState, retry: "never" });
  });

  it("leaves out the member that the service's validation quotes", () => {
    const error = classify(
      sdkError("ValidationException", "1 validation error detected: Value 's3cret' at 'x' failed"),
    );
    expect(error.message).not.toContain("s3cret");
  });

  it("leaves the row that violates a constraint out, in whichever form the service writes it", () => {
    for (const separator of ["; ", "\n  ", "; \n"]) {
      const text = ['ERROR: violates unique constraint "k"', "Detail: Key (a)=(s3cret) exists.", "SQLState: 23505"];
      const error = classify(sdkError("DatabaseErrorException", text.join(separator)));
      expect(error.message).toContain('violates unique constraint "k"');
      expect(error.message).not.toContain("s3cret");
    }
  });
});
