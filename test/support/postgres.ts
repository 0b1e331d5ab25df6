import { randomBytes } from "node:crypto";
import pg from "pg";
import { inject } from "vitest";
import { dataApiClient } from "../../adapters/data-api/data-api-client.ts";
import { DataApiDatabase } from "../../adapters/data-api/data-api-database.ts";
import { startDataApi, type DataApiOptions, type DataApiServer } from "../../local/data-api/data-api.ts";
import "./global-setup.ts";

/** ARNs by which the local Data API of a test knows its cluster. */
export const RESOURCE_ARN = "arn:aws:rds:eu-central-1:000000000000:cluster:test";
export const SECRET_ARN = "arn:aws:secretsmanager:eu-central-1:000000000000:secret:test";

/** A database of a test's own, on the run's one PostgreSQL. */
export interface FreshDatabase {
  readonly name: string;
  /** URL for `pg`, as superuser. */
  readonly connectionString: string;
  /** A plain connection, for what a test sets up and looks at. */
  readonly client: pg.Client;
  /** The product's way to it. */
  readonly database: DataApiDatabase;
  readonly dataApi: DataApiServer;
  /** Plain connections for concurrent work, ended with the database. */
  readonly pool: pg.Pool;
  /** Another plain connection, ended with the database. */
  connect(): Promise<pg.Client>;
  /** Ends every connection and drops the database. */
  close(): Promise<void>;
}

/** Creates an empty database with a Data API in front of it. Call `close` in `afterAll`. */
export async function freshDatabase(options: Partial<DataApiOptions> = {}): Promise<FreshDatabase> {
  const admin = inject("postgres");
  const name = `test_${randomBytes(6).toString("hex")}`;
  await administer(admin, `CREATE DATABASE ${name}`);
  const urlOf = (database: string): string => Object.assign(new URL(admin), { pathname: `/${database}` }).href;
  const clients: pg.Client[] = [];
  const connect = async (): Promise<pg.Client> => {
    const client = new pg.Client({ connectionString: urlOf(name) });
    client.on("error", () => undefined);
    await client.connect();
    clients.push(client);
    return client;
  };
  const pool = new pg.Pool({ connectionString: urlOf(name), max: 10 });
  pool.on("error", () => undefined);
  const dataApi = await startDataApi({
    clusters: [{ resourceArn: RESOURCE_ARN, secretArn: SECRET_ARN, defaultDatabase: name, connectionString: urlOf }],
    ...options,
  });
  const sdk = testDataApiClient(dataApi.url);
  return {
    name,
    connectionString: urlOf(name),
    client: await connect(),
    pool,
    database: new DataApiDatabase({ client: sdk, resourceArn: RESOURCE_ARN, secretArn: SECRET_ARN, database: name }),
    dataApi,
    connect,
    close: async () => {
      sdk.destroy();
      await dataApi.close();
      await Promise.all([...clients, pool].map(async (connection) => connection.end().catch(() => undefined)));
      await administer(admin, `DROP DATABASE ${name} WITH (FORCE)`);
    },
  };
}

/** The SDK's client as the product makes it, for a local Data API. */
export const testDataApiClient = (url: string): ReturnType<typeof dataApiClient> =>
  dataApiClient({
    endpoint: url,
    region: "eu-central-1",
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
  });

async function administer(connectionString: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
