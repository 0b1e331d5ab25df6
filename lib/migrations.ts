import { readdirSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";
import { ConfigurationInvalid, MigrationInvalid } from "../core/errors.ts";
import { parseMigration } from "../core/migration/parse-migration.ts";
import type { Migration } from "../core/migration/schema.ts";
import type { Config } from "./config.ts";

const EXTENSIONS = new Set([".yaml", ".yml", ".json"]);

/** A migration file as the stack needs it. */
export interface MigrationFile {
  /** Path of the file, relative to the folder that cdk runs in. */
  readonly file: string;
  readonly migration: Migration;
}

/**
 * Parses every migration file of the configured folder, in the order of their file names.
 *
 * @throws MigrationInvalid where one does not parse, two have one name, or the database is not configured.
 * ConfigurationInvalid where the folder cannot be read.
 */
export function readMigrations(config: Config): readonly MigrationFile[] {
  const files = migrationFiles(config.migrations).map((file): MigrationFile => {
    return { file, migration: parseMigration(readFileSync(file, "utf8"), file) };
  });
  const byName = new Map<string, string>();
  for (const { file, migration } of files) {
    refuseDuplicate(migration.migration, file, byName.get(migration.migration));
    refuseUnknownDatabase(migration, file, Object.keys(config.databases));
    byName.set(migration.migration, file);
  }
  return files;
}

function migrationFiles(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
      .filter((name) => EXTENSIONS.has(extname(name)))
      .sort()
      .map((name) => join(folder, name));
  } catch (cause) {
    throw new ConfigurationInvalid({
      object: `"migrations": "${folder}"`,
      problem: "is not a folder that can be read",
      remedy: "Name the folder of the migration files, relative to the folder that cdk runs in",
      cause,
    });
  }
}

function refuseDuplicate(name: string, file: string, earlier: string | undefined): void {
  if (earlier === undefined) return;
  throw new MigrationInvalid({
    object: `migration "${name}"`,
    problem: `is in two files, ${earlier} and ${file}`,
    remedy: "Give one of them another name: the name is the flag's",
  });
}

function refuseUnknownDatabase(migration: Migration, file: string, known: readonly string[]): void {
  if (known.includes(migration.database)) return;
  throw new MigrationInvalid({
    object: `"database": "${migration.database}" of ${file}`,
    problem: "is not configured",
    remedy: `Add it to "databases" in cdk.json, or name one of: ${known.join(", ")}`,
  });
}
