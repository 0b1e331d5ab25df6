import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { NotFound } from "../../core/errors.ts";
import { parseMigration } from "../../core/migration/parse-migration.ts";
import type { Migration } from "../../core/migration/schema.ts";
import { environmentVariable } from "./environment.ts";

/**
 * A migration file that was deployed with this function: what runs is what was reviewed and deployed with the code.
 *
 * @throws NotFound; MigrationInvalid
 */
export async function shippedMigration(name: string): Promise<Migration> {
  const folder = join(environmentVariable("LAMBDA_TASK_ROOT"), environmentVariable("SLUICE_MIGRATIONS"));
  const files = (await readdir(folder)).filter((file) => /\.(ya?ml|json)$/.test(file));
  const migrations = await Promise.all(
    files.map(async (file) => parseMigration(await readFile(join(folder, file), "utf8"), file)),
  );
  const found = migrations.find(({ migration }) => migration === name);
  if (found) return found;
  throw new NotFound({
    object: `migration "${name}"`,
    problem: `was not deployed; there are ${migrations.map(({ migration }) => migration).join(", ")}`,
    remedy: "Put its file into the migrations folder and run sluice deploy",
  });
}
