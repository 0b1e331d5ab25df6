import { describe, expect, it } from "vitest";
import { translateError } from "../../adapters/translate-error.ts";
import { NotFound, RunSuperseded, ServiceRefused, ServiceUnavailable } from "../../core/errors.ts";

const context = { service: "DynamoDB", object: 'table "registry"' };

function failure(name: string, properties: object = {}): Error {
  return Object.assign(new Error("said so"), { name }, properties);
}

describe("an error of the SDK", () => {
  it.each([
    failure("ThrottlingException", { $metadata: { httpStatusCode: 400 } }),
    failure("ProvisionedThroughputExceededException"),
    failure("ConflictException", { $metadata: { httpStatusCode: 409 } }),
    // S3, of two that store one plan at the same moment.
    failure("ConditionalRequestConflict", { $metadata: { httpStatusCode: 409 } }),
    failure("SlowDown", { $metadata: { httpStatusCode: 503 } }),
    failure("SomethingNew", { $metadata: { httpStatusCode: 500 } }),
    failure("SomethingNew", { $metadata: { httpStatusCode: 429 } }),
    failure("TimeoutError"),
    failure("Error", { code: "ECONNREFUSED" }),
    failure("Error", { code: "ENOTFOUND" }),
  ])("is worth a retry: $name", (error) => {
    const translated = translateError(context, error);
    expect(translated).toBeInstanceOf(ServiceUnavailable);
    expect(translated.retry).toBe("transient");
  });

  it("names what is missing", () => {
    const translated = translateError(context, failure("ResourceNotFoundException"));
    expect(translated).toBeInstanceOf(NotFound);
    expect(translated.message).toContain('table "registry"');
  });

  it.each([
    failure("AccessDeniedException", { $metadata: { httpStatusCode: 400 } }),
    failure("ValidationException", { $metadata: { httpStatusCode: 400 } }),
    failure("CredentialsProviderError"),
    failure("TypeError"),
    "a string",
  ])("is not retried where the same call would fail again: %s", (error) => {
    const translated = translateError(context, error);
    expect(translated).toBeInstanceOf(ServiceRefused);
    expect(translated.retry).toBe("never");
  });

  it("keeps its cause, and its message where the class is lost", () => {
    const error = failure("AccessDeniedException");
    const translated = translateError(context, error);
    expect(translated.cause).toBe(error);
    expect(translated.message).toContain("AccessDeniedException: said so");
  });

  it("stays as it is where it is one of ours", () => {
    const ours = new RunSuperseded({ object: "run", problem: "p", remedy: "r" });
    expect(translateError(context, ours)).toBe(ours);
  });
});
