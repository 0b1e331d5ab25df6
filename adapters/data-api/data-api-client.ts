import { RDSDataClient, type RDSDataClientConfig } from "@aws-sdk/client-rds-data";

/** Milliseconds: the service answers after 45 s at the latest, and its guide asks clients to wait for 60 s. */
const REQUEST_TIMEOUT_MS = 65_000;
const CONNECTION_TIMEOUT_MS = 5_000;

/**
 * A client that never repeats a call by itself: after a time-out or a 5xx a write may have taken effect, and only the
 * ledger knows. The SDK's own variable `AWS_ENDPOINT_URL_RDS_DATA` names another endpoint.
 *
 * @see https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/data-api.html
 */
export function dataApiClient(config: RDSDataClientConfig = {}): RDSDataClient {
  return new RDSDataClient({
    maxAttempts: 1,
    requestHandler: {
      requestTimeout: REQUEST_TIMEOUT_MS,
      // Without this the SDK only warns when the time has passed.
      throwOnRequestTimeout: true,
      connectionTimeout: CONNECTION_TIMEOUT_MS,
    },
    ...config,
  });
}
