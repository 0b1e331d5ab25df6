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
      "what each check found: passed, a warning or a refusal, and what to do. Changes nothing.",
    examples: [
      { line: "sluice preflight rename.yaml", meaning: "ends with 3 where a start would be refused" },
      {
        line: "sluice preflight rename.yaml --json | jq '.checks[] | select(.verdict != \"ok\")'",
        meaning: "warnings and refusals only",
      },
    ],
  })
    .argument("<file>", "migration file, YAML or JSON")
    .option(...CONFIG_OPTION)
    .option(...JSON_OPTION)
    .action((file: string, options: PreflightOptions) => preflight(context, file, options));
}

async function preflight(context: CliContext, file: string, options: PreflightOptions): Promise<void> {
  const { terminal, clock } = context;
  const migration = parseMigration(await readText(file), file);
  const services = await context.services(options);
  // Half of the checks are about the stack: without one there is nothing that could be started.
  await services.stack();
  const known = await knownOf(services, migration, { before: "start", now: () => clock.now() });
  const checks = preflightOf(migration, known);
  const { layout } = terminal;
  const name = migration.migration;
  terminal.write(options.json ? jsonText({ migration: name, checks }) : checksText(name, checks, layout));
  if (checks.some(({ verdict }) => verdict === "refuse")) context.exit(EXIT.refused);
  // A check that was not made has not passed.
  else if (known.unread !== undefined) context.exit(EXIT.unavailable);
}
