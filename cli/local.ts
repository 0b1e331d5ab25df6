import type { Command } from "commander";
import type { LocalStack } from "../local/stack.ts";
import type { CliContext } from "./cli-context.ts";
import { command } from "./command.ts";

interface UpCommandOptions {
  readonly migrations: string;
}

/** `sluice local up` and `sluice local down` */
export function localCommand(context: CliContext): Command {
  return command({
    name: "local",
    summary: "run the whole stack on this machine",
    description: "The same stack on this machine, without Docker and without an AWS account.",
    examples: [
      { line: "sluice local up", meaning: "start it, and keep it until Ctrl-C" },
      { line: "sluice local down", meaning: "stop it from another terminal" },
    ],
  })
    .addCommand(upCommand(context))
    .addCommand(downCommand(context));
}

function upCommand(context: CliContext): Command {
  return command({
    name: "up",
    summary: "start PostgreSQL, the Data API, the AWS emulator, and deploy the stack to it",
    description:
      "Starts PostgreSQL, the Data API in front of it and an AWS emulator, deploys the stack to it, and keeps all of " +
      "it running until Ctrl-C or sluice local down. Everything is new each time. The other commands find it by " +
      "themselves, as long as AWS_ENDPOINT_URL is not set.",
    examples: [{ line: "sluice local up --migrations migrations", meaning: "with your own migration files" }],
  })
    .option("--migrations <folder>", "folder of migration files", "examples/migrations")
    .action((options: UpCommandOptions) => up(context, options));
}

function downCommand({ terminal }: CliContext): Command {
  return command({
    name: "down",
    summary: "stop the stack of sluice local up",
    description: "Stops the local stack that runs in this folder, and removes what a crashed one left.",
    examples: [{ line: "sluice local down", meaning: "does nothing where none runs" }],
  }).action(async () => {
    const { down } = await import("../local/down.ts");
    terminal.write((await down()) ? "stopped\n" : "no local stack runs in this folder\n");
  });
}

async function up({ terminal }: CliContext, { migrations }: UpCommandOptions): Promise<void> {
  // Loaded here: PostgreSQL's binaries and its client are no part of what a deployment needs.
  const [local, { interruption, untilAborted }] = await Promise.all([
    import("../local/up.ts"),
    import("../local/interruption.ts"),
  ]);
  const interrupted = interruption();
  const stack = await local.up({
    migrations,
    signal: interrupted,
    onStep: (step) => {
      terminal.writeError(`${terminal.layout.style.dim("·")} ${step}\n`);
    },
  });
  try {
    terminal.write(upText(stack, terminal.layout.style));
    await untilAborted(interrupted, stack.stopRequested);
  } finally {
    await stack.stop();
  }
}

function upText({ connectionString, state }: LocalStack, style: CliContext["terminal"]["layout"]["style"]): string {
  // With the endpoint in the environment, sluice does not search for the stack: so it is given all of it.
  const environment = { ...state.environment, SLUICE_CONFIG: state.configFile };
  // An empty one overrides what the shell has: to the AWS CLI, an empty AWS_PROFILE is a profile's name.
  const variables = Object.entries(environment).map(([key, value]) =>
    value === "" ? `  unset ${key}` : `  export ${key}=${value}`,
  );
  return [
    `${style.green("✓")} ${style.bold("the local stack runs")} until Ctrl-C, or sluice local down`,
    "",
    `  database   ${connectionString}`,
    `  AWS        ${state.environment["AWS_ENDPOINT_URL"] ?? ""}`,
    "",
    style.dim("For a terminal in which you use the AWS CLI or SDKs:"),
    ...variables.map(style.dim),
    "",
  ].join("\n");
}
