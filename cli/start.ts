import type { Command } from "commander";
import { ConfigurationInvalid } from "../core/errors.ts";
import type { CliContext } from "./cli-context.ts";
import { command, JSON_OPTION } from "./command.ts";
import { EXIT, type ExitCode, exitCodeOf } from "./exit-code.ts";
import { failureText } from "./output/failure-text.ts";
import { jsonText } from "./output/json-text.ts";
import { requireRunName, runName } from "./run-name.ts";
import { type Preflight, waitForPreflight } from "./services/wait-for.ts";

interface StartOptions {
  readonly name?: string;
  /** False for `--no-wait`. */
  readonly wait: boolean;
  readonly json?: true;
}

interface StartedRun {
  readonly run: string;
  readonly executionArn: string;
  /** Absent where nobody waited for it. */
  readonly preflight?: Preflight | undefined;
}

/** `sluice start MIGRATION` */
export function startCommand(context: CliContext): Command {
  return command({
    name: "start",
    summary: "start a run of a deployed migration",
    description:
      'Starts a run of a migration that is deployed, as {"migration": NAME} in the Step Functions console does, and ' +
      "waits for pre-flight: it refuses before anything is touched. The run then goes on by itself.",
    examples: [
      { line: "sluice start contact-acquisition-channel", meaning: "and wait for pre-flight" },
      { line: "sluice start contact-acquisition-channel --name friday", meaning: "a run that is called friday" },
      { line: "sluice start contact-acquisition-channel --json", meaning: "its name and ARN, for a script" },
    ],
  })
    .argument("<migration>", "name of a migration that is deployed")
    .option("--name <run>", "name of the run (default: <migration>-<time>)")
    .option("--no-wait", "do not wait for pre-flight")
    .option(...JSON_OPTION)
    .action((migration: string, options: StartOptions) => start(context, migration, options));
}

async function start(context: CliContext, migration: string, options: StartOptions): Promise<void> {
  const run = options.name === undefined ? runName(migration, context.clock.now()) : requireRunName(options.name);
  const services = await context.services({});
  const { migrationArn } = await services.stack();
  const machines = services.stateMachines();
  const executionArn = await machines.start({ stateMachineArn: migrationArn, name: run, input: { migration } });
  if (executionArn === undefined) throw nameTaken(run);
  const preflight = options.wait ? await waitForPreflight({ machines, clock: context.clock }, executionArn) : undefined;
  report(context, { run, executionArn, preflight }, options);
}

function nameTaken(run: string): ConfigurationInvalid {
  return new ConfigurationInvalid({
    object: `run name "${run}"`,
    problem: "belongs to another run",
    remedy: "Give this one another --name, or look at the other with sluice status",
  });
}

function report({ terminal, exit }: CliContext, started: StartedRun, { json }: StartOptions): void {
  const { run, executionArn, preflight } = started;
  const { status, failure } = preflight?.execution ?? { status: "RUNNING" };
  if (preflight !== undefined) exit(exitCode(preflight));
  if (json) {
    terminal.write(jsonText({ run, executionArn, status, ...(failure && { failure }) }));
  } else if (status === "RUNNING" || status === "SUCCEEDED") {
    terminal.write(startedText(started, terminal.layout.style));
  } else {
    const reason = failure ?? { name: status, message: "its history in the Step Functions console tells why" };
    terminal.writeError(failureText(`run "${run}"`, reason, terminal.layout));
  }
}

/** By the error's name; not every emulator hands that on, but the state in which the run ended tells a refusal too. */
function exitCode({ execution: { status, failure }, refused }: Preflight): ExitCode {
  if (status === "RUNNING" || status === "SUCCEEDED") return EXIT.ok;
  const code = exitCodeOf(failure?.name);
  return code === EXIT.failed && refused ? EXIT.refused : code;
}

function startedText(
  { run, executionArn, preflight }: StartedRun,
  style: CliContext["terminal"]["layout"]["style"],
): string {
  const passed = preflight === undefined ? "started" : "passed pre-flight";
  return [
    `${style.green("✓")} ${style.bold(run)} ${passed}`,
    `  ${style.dim(executionArn)}`,
    `  follow it:        sluice status ${run} --watch`,
    `  return traffic:   sluice rollback ${run}`,
    "",
  ].join("\n");
}
