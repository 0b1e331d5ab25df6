import { CloudWatchClient, type CloudWatchClientConfig } from "@aws-sdk/client-cloudwatch";

/** Milliseconds for one try; CloudWatch answers within a second or two. */
const REQUEST_TIMEOUT_MS = 8_000;
const CONNECTION_TIMEOUT_MS = 3_000;
const ATTEMPTS = 2;

/**
 * A client that says within 16 s that CloudWatch does not answer. A gate holds for that; a function that waited for
 * CloudWatch until its own end would be a failure, and after some tries a rollback.
 */
export function cloudWatchClient(config: CloudWatchClientConfig = {}): CloudWatchClient {
  return new CloudWatchClient({
    maxAttempts: ATTEMPTS,
    requestHandler: {
      requestTimeout: REQUEST_TIMEOUT_MS,
      // Without this the SDK only warns when the time has passed.
      throwOnRequestTimeout: true,
      connectionTimeout: CONNECTION_TIMEOUT_MS,
    },
    ...config,
  });
}
