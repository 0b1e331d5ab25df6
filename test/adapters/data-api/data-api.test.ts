import { afterAll, describe } from "vitest";
import { dataApiClient } from "../../../adapters/data-api/data-api-client.ts";
import { startDataApi } from "../../../local/data-api/data-api.ts";
import { freshDatabase, RESOURCE_ARN, SECRET_ARN, testDataApiClient } from "../../support/postgres.ts";
import { dataApiContract, type DataApiTarget } from "./data-api.conformance.ts";

const closing: (() => unknown)[] = [];
afterAll(async () => {
  for (const close of closing.reverse()) await close();
});

/** Two servers in front of one database: one that is patient, and one whose 45 s are short. */
async function localTarget(): Promise<DataApiTarget> {
  const fresh = await freshDatabase();
  closing.push(async () => fresh.close());
  const cluster = {
    resourceArn: RESOURCE_ARN,
    secretArn: SECRET_ARN,
    connectionString: (database: string) => Object.assign(new URL(fresh.connectionString), { pathname: database }).href,
  };
  const client = testDataApiClient(fresh.dataApi.url);
  const timeoutMs = 400;
  const impatientApi = await startDataApi({ clusters: [cluster], statementTimeoutMs: timeoutMs });
  closing.push(async () => impatientApi.close());
  const impatient = { client: testDataApiClient(impatientApi.url), timeoutMs };
  closing.push(() => [client, impatient.client].forEach((each) => each.destroy()));
  return { client, resourceArn: RESOURCE_ARN, secretArn: SECRET_ARN, database: fresh.name, impatient };
}

describe("the local Data API", () => dataApiContract(localTarget));

const {
  SLUICE_CONTRACT_CLUSTER_ARN: resourceArn = "",
  SLUICE_CONTRACT_SECRET_ARN: secretArn = "",
  SLUICE_CONTRACT_DATABASE: database = "",
} = process.env;

if (resourceArn !== "") {
  describe("the Data API of the cluster that the environment names", () => {
    dataApiContract(async () => {
      const client = dataApiClient();
      return { client, resourceArn, secretArn, database, impatient: { client, timeoutMs: 45_000 } };
    });
  });
}
