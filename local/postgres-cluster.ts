import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmod, chown, mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { DatabaseUnavailable } from "../core/errors.ts";
import {
  postgresBinaries,
  reachableBinaries,
  unprivilegedAccount,
  type Account,
  type PostgresBinaries,
} from "./postgres-binaries.ts";

const run = promisify(execFile);

/** A data directory that is ready to be served. */
export interface Cluster {
  readonly directory: string;
  /** A temporary directory of ours, removed at the end; it holds the data too where the caller named no directory. */
  readonly scratch: string;
  /** Whether the data goes at the end, so that nobody minds how the server stops. */
  readonly ephemeral: boolean;
  readonly account: Account | undefined;
  readonly binaries: PostgresBinaries;
  readonly password: string;
}

/** The superuser of every cluster. */
export const SUPERUSER = "postgres";

const PASSWORD_FILE = "sluice-password";

/**
 * Opens the cluster in `directory`, or creates one there (in a temporary directory where none is named).
 *
 * @throws DatabaseUnavailable where initdb refuses the directory.
 */
export async function openCluster(directory: string | undefined): Promise<Cluster> {
  const scratch = await mkdtemp(join(tmpdir(), "sluice-postgres-"));
  await chmod(scratch, 0o755);
  try {
    const account = unprivilegedAccount();
    const binaries = await reachableBinaries(await postgresBinaries(), account, scratch);
    const place = { directory: directory ?? join(scratch, "data"), account, binaries };
    const opened = (await holdsCluster(place.directory)) ? await reuse(place) : await create(place, scratch);
    return { ...opened, scratch, ephemeral: directory === undefined };
  } catch (error) {
    await rm(scratch, { recursive: true, force: true });
    throw error;
  }
}

type Place = Pick<Cluster, "directory" | "account" | "binaries">;
type Opened = Place & Pick<Cluster, "password">;

const holdsCluster = (directory: string): Promise<boolean> =>
  stat(join(directory, "PG_VERSION")).then(
    () => true,
    () => false,
  );

async function reuse(place: Place): Promise<Opened> {
  const password = (await readFile(join(place.directory, PASSWORD_FILE), "utf8")).trim();
  // PostgreSQL serves a directory to its owner only.
  const { uid, gid } = await stat(place.directory);
  return { ...place, account: place.account === undefined ? undefined : { uid, gid }, password };
}

async function create(place: Place, scratch: string): Promise<Opened> {
  const { directory, account, binaries } = place;
  await mkdir(directory, { recursive: true, mode: 0o700 });
  if (account !== undefined) await chown(directory, account.uid, account.gid);
  const password = randomBytes(16).toString("hex");
  const passwordFile = join(scratch, "password");
  await writeFile(passwordFile, password, { mode: 0o600 });
  try {
    if (account !== undefined) await chown(passwordFile, account.uid, account.gid);
    await initialise(binaries.initdb, account, [
      `--pgdata=${directory}`,
      `--username=${SUPERUSER}`,
      `--pwfile=${passwordFile}`,
      "--auth=scram-sha-256",
      "--encoding=UTF8",
      // The built-in provider sorts and folds case alike on every machine, whatever locales it has.
      "--locale-provider=builtin",
      "--builtin-locale=C.UTF-8",
      "--locale=C",
      "--no-sync",
    ]);
  } finally {
    await rm(passwordFile, { force: true });
  }
  // The server's account reads every file of its directory when it takes a base backup; so it owns this one, too.
  await writeFile(join(directory, PASSWORD_FILE), password, { mode: 0o600 });
  if (account !== undefined) await chown(join(directory, PASSWORD_FILE), account.uid, account.gid);
  return { ...place, password };
}

/** Not synchronously: a process that waits for its child hears nothing of Ctrl-C. */
async function initialise(initdb: string, account: Account | undefined, flags: readonly string[]): Promise<void> {
  try {
    await run(initdb, flags, { ...account, cwd: "/" });
  } catch (cause) {
    throw new DatabaseUnavailable({
      object: "local PostgreSQL",
      problem: `initdb failed: ${cause instanceof Error ? cause.message.trim() : String(cause)}`,
      remedy: "Give it an empty directory that its account can reach and write",
      cause,
    });
  }
}
