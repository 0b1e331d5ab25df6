import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { open, readFile, rm } from "node:fs/promises";
import { createServer, Socket } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { DatabaseUnavailable } from "../core/errors.ts";
import { shipsExtension } from "./postgres-binaries.ts";
import { openCluster, SUPERUSER, type Cluster } from "./postgres-cluster.ts";

type Settings = Readonly<Record<string, string | number | boolean>>;

export interface PostgresOptions {
  /**
   * The data directory; created where it is missing or empty, used again where it holds a cluster of ours.
   *
   * @default a temporary directory that is removed when the server stops or this process dies
   */
  readonly directory?: string;
  /** @default a free port */
  readonly port?: number;
  /** Server settings, `shared_buffers` say; they win over ours. */
  readonly settings?: Settings;
}

/** A running server, reachable on 127.0.0.1 only. */
export interface PostgresServer {
  readonly port: number;
  /** The URL of one database, as the superuser. It holds the password. */
  connectionString(database: string): string;
  /** Stops the server and waits for its end. Calling it again does nothing. */
  stop(): Promise<void>;
}

const START_ATTEMPTS = 3;
const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 15_000;

/**
 * Starts a PostgreSQL 17 of its own. However this process ends, the server ends too, even after SIGKILL: a small
 * shell outside our process group waits for our end of a pipe to close and stops the server then.
 *
 * The server has a process group of its own, so that Ctrl-C in a terminal reaches us alone and we stop it in order.
 * Its log is `server.log` in the data directory.
 *
 * @throws DatabaseUnavailable where the server does not start; the message holds the end of its log.
 */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  const cluster = await openCluster(options.directory);
  try {
    for (let attempt = 1; ; attempt += 1) {
      const port = options.port ?? (await freePort());
      try {
        return await startServer(cluster, port, options.settings ?? {});
      } catch (error) {
        // Another process may have taken a free port in between; a port of the caller's is not ours to change.
        const taken = error instanceof Error && error.message.includes("Address already in use");
        if (!taken || options.port !== undefined || attempt === START_ATTEMPTS) throw error;
      }
    }
  } catch (error) {
    await rm(cluster.scratch, { recursive: true, force: true });
    throw error;
  }
}

/** A port of 127.0.0.1 that nobody listens on now. */
async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new TypeError("a TCP server has an address with a port");
  return address.port;
}

async function startServer(cluster: Cluster, port: number, settings: Settings): Promise<PostgresServer> {
  // Appended to: where another server has the directory, the log is its, too.
  const log = await open(join(cluster.directory, "server.log"), "a");
  const server = spawn(cluster.binaries.postgres, await serverFlags(cluster, port, settings), {
    ...cluster.account,
    cwd: "/",
    detached: true,
    stdio: ["ignore", log.fd, log.fd],
  });
  // Before anything is awaited: a server that refuses its settings ends at once.
  const running = new RunningServer(server, cluster);
  await log.close();
  const connectionString = (database: string): string =>
    `postgresql://${SUPERUSER}:${cluster.password}@127.0.0.1:${String(port)}/${encodeURIComponent(database)}`;
  try {
    await running.untilReady(connectionString("postgres"));
  } catch (error) {
    await running.stop();
    throw error;
  }
  const stop = async (): Promise<void> => {
    await running.stop();
    await rm(cluster.scratch, { recursive: true, force: true });
  };
  return { port, connectionString, stop };
}

async function serverFlags(cluster: Cluster, port: number, settings: Settings): Promise<string[]> {
  const preload = (await shipsExtension(cluster.binaries, "pg_stat_statements")) ? "pg_stat_statements" : "";
  const all: Settings = {
    listen_addresses: "127.0.0.1",
    port,
    unix_socket_directories: "",
    max_connections: 200,
    shared_preload_libraries: preload,
    // A container's /dev/shm has 64 MB as a rule, too little for a parallel query.
    dynamic_shared_memory_type: "mmap",
    ...settings,
  };
  const flags = Object.entries(all).flatMap(([name, value]) => ["-c", `${name}=${String(value)}`]);
  return ["-D", cluster.directory, ...flags];
}

/** One server process and the shell that outlives us to end it. */
class RunningServer {
  readonly #server: ChildProcess;
  readonly #cluster: Cluster;
  readonly #guardian: ChildProcess | undefined;
  readonly #ended: Promise<void>;
  #running = true;

  constructor(server: ChildProcess, cluster: Cluster) {
    this.#server = server;
    this.#cluster = cluster;
    this.#guardian = server.pid === undefined ? undefined : startGuardian(server.pid, cluster);
    this.#ended = new Promise((resolve) => {
      const end = (): void => {
        this.#running = false;
        resolve();
      };
      server.once("exit", end).once("error", end);
    });
    server.unref();
  }

  async untilReady(connectionString: string): Promise<void> {
    const deadline = Date.now() + START_TIMEOUT_MS;
    for (;;) {
      // The port may be another server's: only a server that is alive and takes our password is ours.
      const failure = this.#running ? await connectionFailure(connectionString) : new Error("the server ended");
      if (failure === undefined && this.#running) return;
      if (!this.#running || Date.now() > deadline) throw await this.#startFailure(failure);
      await sleep(20);
    }
  }

  async #startFailure(cause: unknown): Promise<DatabaseUnavailable> {
    const log = await readFile(join(this.#cluster.directory, "server.log"), "utf8").catch(() => "no log was written");
    return new DatabaseUnavailable({
      object: "local PostgreSQL",
      problem: `the server did not start: ${log.trim().split("\n").slice(-5).join(" | ")}`,
      remedy: "Mend what its log says; a second server cannot use the same directory",
      cause,
    });
  }

  async stop(): Promise<void> {
    // SIGINT writes a checkpoint and ends in order; SIGQUIT ends at once (Server Shutdown in PostgreSQL's manual).
    if (this.#running) this.#server.kill(this.#cluster.ephemeral ? "SIGQUIT" : "SIGINT");
    const impatience = setTimeout(() => this.#server.kill("SIGQUIT"), STOP_TIMEOUT_MS);
    this.#server.ref();
    await this.#ended;
    clearTimeout(impatience);
    this.#guardian?.kill("SIGKILL");
  }
}

async function connectionFailure(connectionString: string): Promise<unknown> {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: 5_000 });
  client.on("error", () => undefined);
  try {
    await client.connect();
    return undefined;
  } catch (error) {
    return error ?? new Error("the connection failed");
  } finally {
    await client.end().catch(() => undefined);
  }
}

/**
 * Ends the server once this process is gone: `read` returns when the pipe's other end closes, for whatever reason. The
 * server is gone when its lock file is; its process id may stay for long where nobody reaps orphans.
 */
const GUARDIAN = `
read -r _
kill -s "$2" "$1" 2>/dev/null
i=0
while [ -e "$3/postmaster.pid" ] && kill -0 "$1" 2>/dev/null && [ "$i" -lt 100 ]; do sleep 0.1; i=$((i + 1)); done
kill -s QUIT "$1" 2>/dev/null
rm -rf -- "$4"
`;

function startGuardian(pid: number, cluster: Cluster): ChildProcess {
  const signal = cluster.ephemeral ? "QUIT" : "INT";
  const parameters = [String(pid), signal, cluster.directory, cluster.scratch];
  const guardian = spawn("/bin/sh", ["-c", GUARDIAN, "sluice-postgres", ...parameters], {
    cwd: "/",
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  guardian.on("error", () => undefined);
  guardian.unref();
  const pipe: object | null = guardian.stdin;
  // A pipe is a socket to Node.js; it must not keep our process alive.
  if (pipe instanceof Socket) pipe.on("error", () => undefined).unref();
  return guardian;
}
