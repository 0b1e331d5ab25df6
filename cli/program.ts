import { Command } from "commander";
import type { CliContext } from "./cli-context.ts";
import { approveCommand, rejectCommand } from "./decide.ts";
import { deployCommand } from "./deploy.ts";
import { EXIT_CODES } from "./exit-code.ts";
import { localCommand } from "./local.ts";
import { pauseCommand } from "./pause.ts";
import { planCommand } from "./plan.ts";
import { preflightCommand } from "./preflight.ts";
import { resumeCommand } from "./resume.ts";
import { rollbackCommand } from "./rollback.ts";
import { startCommand } from "./start.ts";
import { statusCommand } from "./status.ts";
import { undoCommand } from "./undo.ts";

/** In the order in which a migration needs them. */
const COMMANDS = [
  planCommand,
  preflightCommand,
  deployCommand,
  startCommand,
  statusCommand,
  approveCommand,
  rejectCommand,
  pauseCommand,
  resumeCommand,
  rollbackCommand,
  undoCommand,
  localCommand,
];

const VARIABLES = [
  ["AWS_PROFILE, AWS_REGION, ...", "which account and region, as for every AWS tool"],
  ["SLUICE_STACK", "name of the stack (default: Sluice)"],
  ["SLUICE_CONFIG", "JSON file with the configuration, instead of cdk.json"],
  ["SLUICE_DEBUG=1", "the stack trace of an error"],
  ["NO_COLOR=1", "no colour"],
] as const;

/** The whole command line. `version` is that of package.json. */
export function program(context: CliContext, version: string): Command {
  const root = new Command("sluice")
    .description(
      "Moves a production PostgreSQL database from one shape to another while the application keeps running.",
    )
    .version(version)
    .configureOutput({ writeOut: context.terminal.write, writeErr: context.terminal.writeError })
    .configureHelp({ helpWidth: context.terminal.layout.width })
    .showHelpAfterError("(--help shows how)")
    .exitOverride()
    .addHelpText("after", afterHelp);
  for (const make of COMMANDS) root.addCommand(make(context));
  inherit(root);
  return root;
}

/** `addCommand` takes a command as it is; how errors and help are written is the root's to say. */
function inherit(parent: Command): void {
  for (const child of parent.commands) {
    child.copyInheritedSettings(parent);
    inherit(child);
  }
}

function afterHelp(): string {
  const column = Math.max(...VARIABLES.map(([name]) => name.length)) + 2;
  return [
    "",
    "Exit codes:",
    ...EXIT_CODES.map(({ code, meaning }) => `  ${String(code)}  ${meaning}`),
    "",
    "Environment:",
    ...VARIABLES.map(([name, meaning]) => `  ${name.padEnd(column)}${meaning}`),
  ].join("\n");
}
