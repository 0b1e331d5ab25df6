import type { Command } from "commander";
import { parseMigration } from "../core/migration/parse-migration.ts";
import type { CliContext } from "./cli-context.ts";
import { command, CONFIG_OPTION, JSON_OPTION } from "./command.ts";
import { EXIT } from "./exit-code.ts";
import { checksText } from "./output/checks-text.ts";
import { jsonText } from "./output/json-text.ts";
import { knownOf, preflightOf } from "./plan-preflight.ts";
import { readText } from "./services/files.ts";

interface PreflightOptions {
  readonly databaseConfig?: string;
  readonly json?: true;
}

/** `sluice preflight FILE` */
export function preflightCommand(context: CliContext): Command {
  return command({
    name: "preflight",
    summary: "run the checks of a start, and start nothing",
    description:
      "Asks the database and the deployed stack everything that a start asks before it touches anything, and lists " +
      "what each check found: in order, to be weighed, or in the way, and what to do. Changes nothing.",
    examples: [
      { line: "sluice preflight rename.yaml", meaning: "ends with 3 where a start would be refused" },
      {
        line: "sluice preflight rename.yaml --json | jq '.checks[] | select(.verdict != \"ok\")'",
        meaning: "what is not in order",
      },
    ],
  })
    .argument("<file>", "migration file, YAML or JSON")
    .option(...CONFIG_OPTION)
    .option(...JSON_OPTION)
    .action((file: string, options: PreflightOptions) => preflight(context, file, options));
}

async function preflight(context: CliContext, file: string, options: PreflightOptions): Promise<void> {
  const { terminal } = context;
  const migration = parseMigration(await readText(file), file);
  const checks = preflightOf(migration, await knownOf(await context.services(options), migration));
  const text = options.json
    ? jsonText({ migration: migration.migration, checks })
    : checksText(migration.migration, checks, terminal.layout);
  terminal.write(text);
  if (checks.some(({ verdict }) => verdict === "refuse")) context.exit(EXIT.refused);
}
