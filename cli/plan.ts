import { counted } from "../core/counted.ts";
import type { Command } from "commander";
import { parseMigration } from "../core/migration/parse-migration.ts";
import type { Migration } from "../core/migration/schema.ts";
import { planMigration } from "../core/plan/plan-migration.ts";
import type { CliContext } from "./cli-context.ts";
import { command, CONFIG_OPTION, JSON_OPTION } from "./command.ts";
import { EXIT } from "./exit-code.ts";
import { jsonText } from "./output/json-text.ts";
import { planText } from "./output/plan-text.ts";
import { type Known, knownOf, preflightOf } from "./plan-preflight.ts";
import { catalogOfFile } from "./services/catalogs.ts";
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
  const known = await readKnown(context, migration, options);
  if (options.saveCatalog !== undefined) await writeText(options.saveCatalog, jsonText(known.catalog));
  const planned = planMigration(migration, known.catalog);
  const checks = preflightOf(migration, known);
  terminal.write(options.json ? jsonText({ plan: planned, checks }) : planText(planned, checks, terminal.layout));
  const refusals = checks.filter(({ severity }) => severity === "refuse").length;
  if (refusals === 0) return;
  context.exit(EXIT.refused);
  const { style } = terminal.layout;
  const reasons = counted(refusals, "reason");
  if (!options.json)
    terminal.writeError(`${style.red("✗")} a start would be refused for ${reasons}: see Pre-flight above\n`);
}

async function readKnown(context: CliContext, migration: Migration, options: PlanOptions): Promise<Known> {
  if (options.catalog !== undefined) return { catalog: await catalogOfFile(options.catalog) };
  return knownOf(await context.services(options), migration, { now: () => context.clock.now() });
}
