import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterEach, describe, expect, it } from "vitest";
import { DatabaseUnavailable } from "../../core/errors.ts";
import { startPostgres, type PostgresServer } from "../../local/postgres.ts";

const SETTINGS = { fsync: "off", shared_buffers: "16MB", max_connections: 10 };
const cleanUp: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const step of cleanUp.splice(0).reverse()) await step();
});

async function start(options: Parameters<typeof startPostgres>[0] = {}): Promise<PostgresServer> {
  const server = await startPostgres({ settings: SETTINGS, ...options });
  cleanUp.push(async () => server.stop());
  return server;
}

async function query(server: PostgresServer, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: server.connectionString("postgres") });
  await client.connect();
  const { rows } = await client.query({ text: sql, rowMode: "array" });
  await client.end();
  return rows[0] ?? [];
}

async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "sluice-test-"));
  // The server runs as another account where we are root.
  await chmod(directory, 0o755);
  cleanUp.push(async () => rm(directory, { recursive: true, force: true }));
  return directory;
}

const exists = async (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

const accepts = async (connectionString: string): Promise<boolean> => {
  const client = new pg.Client({ connectionString });
  client.on("error", () => undefined);
  const accepted = await client.connect().then(
    () => true,
    () => false,
  );
  await client.end().catch(() => undefined);
  return accepted;
};

describe("startPostgres", () => {
  it("serves PostgreSQL 17 with the settings it is given, on 127.0.0.1 only", async () => {
    const server = await start();
    const [version, buffers, address, preloaded, encoding] = await query(
      server,
      `SELECT current_setting('server_version_num')::int / 10000, current_setting('shared_buffers'),
              current_setting('listen_addresses'), current_setting('shared_preload_libraries'),
              current_setting('server_encoding')`,
    );
    expect({ version, buffers, address, preloaded, encoding }).toEqual({
      version: 17,
      buffers: "16MB",
      address: "127.0.0.1",
      preloaded: "pg_stat_statements",
      encoding: "UTF8",
    });
  });

  it("asks for a password", async () => {
    const server = await start();
    const url = Object.assign(new URL(server.connectionString("postgres")), { password: "wrong" });
    await expect(new pg.Client({ connectionString: url.href }).connect()).rejects.toMatchObject({ code: "28P01" });
  });

  it("removes a temporary directory when it stops, and stops twice without harm", async () => {
    const server = await startPostgres({ settings: SETTINGS });
    const [directory] = await query(server, "SHOW data_directory");
    await Promise.all([server.stop(), server.stop()]);
    expect(await exists(String(directory))).toBe(false);
  });

  it("serves a data directory again, with what was in it", async () => {
    const directory = join(await temporaryDirectory(), "data");
    const first = await start({ directory });
    await query(first, "CREATE TABLE kept (id int)");
    await first.stop();
    expect(await exists(join(directory, "PG_VERSION"))).toBe(true);
    const second = await start({ directory });
    expect(await query(second, "SELECT to_regclass('kept')::text")).toEqual(["kept"]);
  });

  it("refuses a directory that another server uses, and says why", async () => {
    const directory = join(await temporaryDirectory(), "data");
    const first = await start({ directory });
    const second = startPostgres({ directory, settings: SETTINGS });
    await expect(second).rejects.toBeInstanceOf(DatabaseUnavailable);
    await expect(second).rejects.toThrow(/postmaster\.pid/);
    expect(await query(first, "SELECT 1")).toEqual([1]);
  });

  it("refuses a directory with something else in it", async () => {
    const directory = await temporaryDirectory();
    await writeFile(join(directory, "letter.txt"), "mine");
    await expect(startPostgres({ directory })).rejects.toThrow(/initdb failed: .*not empty/s);
    expect(await exists(join(directory, "letter.txt"))).toBe(true);
  });

  it("says what is wrong with a setting", async () => {
    await expect(startPostgres({ settings: { shared_buffers: "nonsense" } })).rejects.toThrow(/shared_buffers/);
  });

  it.each(["SIGKILL", "SIGINT", "SIGTERM"] as const)("ends with its owner at %s", async (signal) => {
    const owner = await startOwner();
    expect(await accepts(owner.connectionString)).toBe(true);
    owner.kill(signal);
    await expect.poll(async () => accepts(owner.connectionString), { timeout: 30_000, interval: 100 }).toBe(false);
    await expect.poll(async () => exists(owner.directory), { timeout: 30_000, interval: 100 }).toBe(false);
  });
});

interface Owner {
  readonly connectionString: string;
  readonly directory: string;
  kill(signal: NodeJS.Signals): void;
}

/** Another process that owns a server. */
async function startOwner(): Promise<Owner> {
  const script = `
    import { startPostgres } from ${JSON.stringify(new URL("../../local/postgres.ts", import.meta.url).href)};
    import pg from "pg";
    const server = await startPostgres({ settings: ${JSON.stringify(SETTINGS)} });
    const connectionString = server.connectionString("postgres");
    const client = new pg.Client({ connectionString });
    client.on("error", () => undefined);
    await client.connect();
    const { rows } = await client.query("SELECT current_setting('data_directory') AS directory");
    console.log(JSON.stringify({ connectionString, ...rows[0] }));
    setInterval(() => undefined, 1000);`;
  const owner = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "--eval", script], {
    cwd: new URL("../..", import.meta.url),
    stdio: ["ignore", "pipe", "inherit"],
  });
  cleanUp.push(async () => owner.kill("SIGKILL"));
  const [line] = (await once(owner.stdout, "data")) as [Buffer];
  return { ...(JSON.parse(line.toString()) as Owner), kill: (signal) => void owner.kill(signal) };
}
