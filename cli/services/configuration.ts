import { readFile } from "node:fs/promises";
import { ConfigurationInvalid, NotFound } from "../../core/errors.ts";
import { type Config, type DatabaseConfig, readConfig } from "../../lib/config.ts";

/**
 * The configuration that the stack was deployed with: the given JSON file, or the key `sluice` of the context of
 * cdk.json in the working directory.
 *
 * @throws ConfigurationInvalid.
 */
export async function configuration(file: string | undefined): Promise<Config> {
  return readConfig(file ?? (await contextOf("cdk.json")));
}

/** @throws NotFound where the configuration has no such database. */
export function databaseNamed({ databases }: Config, name: string): DatabaseConfig {
  const found = Object.hasOwn(databases, name) ? databases[name] : undefined;
  if (found !== undefined) return found;
  throw new NotFound({
    object: `database "${name}"`,
    problem: "is not in the configuration",
    remedy: `Add it to "databases", or name one of: ${Object.keys(databases).join(", ")}`,
  });
}

async function contextOf(file: string): Promise<unknown> {
  let cdk: unknown;
  try {
    cdk = JSON.parse(await readFile(file, "utf8"));
  } catch (cause) {
    throw new ConfigurationInvalid({
      object: `"${file}"`,
      problem: `cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`,
      remedy: "Run this in the folder of cdk.json, or name the configuration with --database-config FILE",
      cause,
    });
  }
  const { context } = cdk as { readonly context?: { readonly sluice?: unknown } };
  return context?.sluice;
}
