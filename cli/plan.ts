import type { Command } from "commander";
import type { Catalog } from "../core/catalog/catalog.ts";
import { parseMigration } from "../core/migration/parse-migration.ts";
import type { Migration } from "../core/migration/schema.ts";
import { planMigration } from "../core/plan/plan-migration.ts";
import { migratedTable } from "../core/migration/migrated-table.ts";
import type { CliContext } from "./cli-context.ts";
import { command, CONFIG_OPTION, JSON_OPTION } from "./command.ts";
import { jsonText } from "./output/json-text.ts";
import { planText } from "./output/plan-text.ts";
import { catalogOfDatabase, catalogOfFile } from "./services/catalogs.ts";
import { readText, writeText } from "./services/files.ts";

interface PlanOptions {
  readonly catalog?: string;
  readonly saveCatalog?: string;
  readonly databaseConfig?: string;
  readonly json?: true;
}

/** `sluice plan FILE` */
export function planCommand(context: CliContext): Command {
  return command({
    name: "plan",
    summary: "show everything that a migration will do",
    description:
      "Shows everything that a migration will do: every statement of every phase with the lock it takes, whom that " +
      "blocks and for how long at most, the backfill, the checks, the gates, the steps of the cutover, and the way " +
      "back. Reads the database's catalog and changes nothing.",
    examples: [
      { line: "sluice plan rename.yaml", meaning: "against the database that the file names" },
      { line: "sluice plan rename.yaml --save-catalog crm.json", meaning: "and keep what was read of the catalog" },
      { line: "sluice plan rename.yaml --catalog crm.json", meaning: "without a database: in review, in CI" },
      { line: "sluice plan rename.yaml --json | jq -r .plan.hash", meaning: "the hash that names the plan" },
    ],
  })
    .argument("<file>", "migration file, YAML or JSON")
    .option("--catalog <file>", "plan against a saved catalog snapshot, not a database")
    .option("--save-catalog <file>", "save the catalog snapshot that the plan is made from")
    .option(...CONFIG_OPTION)
    .option(...JSON_OPTION)
    .action((file: string, options: PlanOptions) => plan(context, file, options));
}

async function plan(context: CliContext, file: string, options: PlanOptions): Promise<void> {
  const { terminal } = context;
  const migration = parseMigration(await readText(file), file);
  const catalog = await catalogFor(context, migration, options);
  if (options.saveCatalog !== undefined) await writeText(options.saveCatalog, jsonText(catalog));
  const planned = planMigration(migration, catalog);
  terminal.write(options.json ? jsonText({ plan: planned }) : planText(planned, [], terminal.layout));
}

async function catalogFor(context: CliContext, migration: Migration, options: PlanOptions): Promise<Catalog> {
  if (options.catalog !== undefined) return catalogOfFile(options.catalog);
  const services = await context.services(options);
  return catalogOfDatabase(await services.database(migration.database), migratedTable(migration));
}
