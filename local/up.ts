import { writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { Client } from "pg";
import { cdk } from "./cdk.ts";
import { startDataApi } from "./data-api/data-api.ts";
import { startEmulator } from "./emulator.ts";
import { claimDirectory, LOCAL_DIRECTORY, releaseDirectory, writeLocalState, type LocalState } from "./local-state.ts";
import { Interrupted, orAbort } from "./interruption.ts";
import { OwnerEndpoint } from "./owner-endpoint.ts";
import { startPostgres, type PostgresServer } from "./postgres.ts";
import { Teardown, type LocalStack } from "./stack.ts";

export interface UpOptions {
  /** @default `.cache/local` below the working directory; two stacks at once need two folders */
  readonly directory?: string | undefined;
  /** Folder of migration files. @default `examples/migrations` */
  readonly migrations?: string | undefined;
  /** Name of the database, in PostgreSQL and in migrations. @default `crm` */
  readonly database?: string | undefined;
  /** Minutes that a step of a cutover bakes for. @default 0, since nobody wants to wait for it here */
  readonly flagBakeMinutes?: number | undefined;
  /** More variables for the emulator. */
  readonly emulatorEnvironment?: Readonly<Record<string, string>> | undefined;
  /** More settings for PostgreSQL. */
  readonly settings?: Readonly<Record<string, string | number | boolean>> | undefined;
  /** Told what is being done now: `PostgreSQL`, `cdk deploy`. */
  readonly onStep?: ((step: string) => void) | undefined;
  /** Gives up and stops what was started. */
  readonly signal?: AbortSignal | undefined;
}

/** As at SIGTERM, which is what `sluice local down` stands for. */
const STOPPED = 143;
const REGION = "us-east-1";
const ACCOUNT = "000000000000";
const CLUSTER_ARN = `arn:aws:rds:${REGION}:${ACCOUNT}:cluster:sluice-local`;
const SECRET_ARN = `arn:aws:secretsmanager:${REGION}:${ACCOUNT}:secret:sluice-local-AbCdEf`;

/** As a small production instance has it, on a machine that does other things too. */
const SETTINGS = { shared_buffers: "512MB", max_wal_size: "4GB", checkpoint_timeout: "15min" };

/**
 * Brings the whole stack up on this machine: no Docker, no account. It ends with this process, however that ends.
 * Everything is new each time; nothing of an earlier stack is used.
 *
 * @throws LocalSetupFailed where another stack runs, Python is missing or the deployment fails; DatabaseUnavailable.
 */
export async function up(options: UpOptions = {}): Promise<LocalStack> {
  const directory = resolve(options.directory ?? LOCAL_DIRECTORY);
  const teardown = new Teardown();
  const stopRequest = new AbortController();
  const signal = AbortSignal.any([stopRequest.signal, ...(options.signal === undefined ? [] : [options.signal])]);
  try {
    const endpoint = new OwnerEndpoint(() => stopRequest.abort(new Interrupted(STOPPED)));
    const owner = await endpoint.open();
    // The endpoint answers until all else is stopped: `down` waits for its silence.
    teardown.add(() => endpoint.close());
    await claimDirectory(directory, owner);
    teardown.add(() => releaseDirectory(directory));
    const state = { ...(await start({ ...options, directory, signal, teardown })), owner };
    await writeLocalState(directory, state);
    const connectionString = state.databases[options.database ?? "crm"] ?? "";
    return { state, connectionString, stopRequested: stopRequest.signal, stop: () => teardown.run() };
  } catch (error) {
    // Its own failure would hide why we are here.
    await teardown.run().catch(() => undefined);
    throw error;
  }
}

interface StartProps extends UpOptions {
  readonly directory: string;
  readonly signal: AbortSignal;
  readonly teardown: Teardown;
}

async function start(props: StartProps): Promise<Omit<LocalState, "owner">> {
  const { directory, signal, teardown, database = "crm" } = props;
  const startedAt = new Date().toISOString();
  props.onStep?.("PostgreSQL");
  const postgres = await startPostgres({ settings: { ...SETTINGS, ...props.settings } });
  teardown.add(() => postgres.stop());
  const connectionString = await createDatabase(postgres, database);
  signal.throwIfAborted();
  const dataApi = await startDataApi({
    clusters: [
      { resourceArn: CLUSTER_ARN, secretArn: SECRET_ARN, connectionString: (name) => postgres.connectionString(name) },
    ],
  });
  teardown.add(() => dataApi.close());
  const environment = { ...(await emulate(props)), AWS_ENDPOINT_URL_RDS_DATA: dataApi.url };
  const configFile = join(directory, "sluice.json");
  await writeFile(configFile, JSON.stringify(configuration(props, dataApi.url), undefined, 2));
  await deploy({ ...props, environment, configFile });
  return { format: 1, startedAt, environment, configFile, databases: { [database]: connectionString } };
}

async function createDatabase(postgres: PostgresServer, database: string): Promise<string> {
  const client = new Client({ connectionString: postgres.connectionString("postgres") });
  await client.connect();
  try {
    await client.query(`CREATE DATABASE ${client.escapeIdentifier(database)}`);
  } finally {
    await client.end();
  }
  return postgres.connectionString(database);
}

async function emulate(props: StartProps): Promise<Readonly<Record<string, string>>> {
  props.onStep?.("AWS emulator");
  const starting = startEmulator({
    environment: props.emulatorEnvironment,
    logFile: join(props.directory, "emulator.log"),
    onInstall: () => props.onStep?.("AWS emulator: installing it, once"),
  });
  // Installing it takes too long to be waited for after Ctrl-C; whatever comes of it is stopped when it is there.
  const emulator = await orAbort(starting, props.signal).catch((error: unknown) => {
    void starting.then((late) => late.stop()).catch(() => undefined);
    throw error;
  });
  props.teardown.add(() => emulator.stop());
  return emulator.environment;
}

/** The context key `sluice` of this stack. */
function configuration(props: StartProps, rdsData: string): object {
  const { migrations = "examples/migrations", database = "crm", flagBakeMinutes = 0 } = props;
  return {
    migrations: resolve(migrations),
    databases: { [database]: { clusterArn: CLUSTER_ARN, secretArn: SECRET_ARN, database } },
    endpoints: { rdsData },
    retain: false,
    flagBakeMinutes,
    // The emulator knows neither versions nor aliases of state machines.
    stateMachineVersions: false,
  };
}

interface DeployProps extends StartProps {
  readonly environment: Readonly<Record<string, string>>;
  readonly configFile: string;
}

async function deploy({ directory, environment, configFile, signal, onStep }: DeployProps): Promise<void> {
  const logFile = join(directory, "cdk.log");
  await writeFile(logFile, "");
  const run = { environment, logFile, signal };
  onStep?.("cdk bootstrap");
  // Away from cdk.json, without which there is no app that a synth would take its time for.
  await cdk(["bootstrap", `aws://${ACCOUNT}/${REGION}`], { ...run, directory });
  onStep?.("cdk deploy");
  const context = ["--context", `sluice=${configFile}`, "--output", join(directory, "cdk.out")];
  await cdk(["deploy", "--require-approval", "never", "--method", "direct", ...context], run);
}
