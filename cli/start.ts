import type { Command } from "commander";
import { z } from "zod";
import type { CliContext } from "./cli-context.ts";
import { command, JSON_OPTION } from "./command.ts";
import { EXIT, type ExitCode, exitCodeOf } from "./exit-code.ts";
import { failureText } from "./output/error-text.ts";
import { jsonText } from "./output/json-text.ts";
import { indent, type Layout, wrap } from "./output/layout.ts";
import { requireRunName, runName } from "./run-name.ts";
import { operate } from "./services/operator.ts";
import { type Preflight, waitForPreflight } from "./services/wait-for.ts";

interface StartOptions {
  readonly name?: string;
  /** False for `--no-wait`. */
  readonly wait: boolean;
  readonly json?: true;
}

/** What the function that starts runs answers with. */
const startedSchema = z.object({ executionArn: z.string() });

interface StartedRun {
  readonly run: string;
  readonly executionArn: string;
  /** Absent with --no-wait. */
  readonly preflight?: Preflight | undefined;
}

/** `sluice start MIGRATION` */
export function startCommand(context: CliContext): Command {
  return command({
    name: "start",
    summary: "start a run of a deployed migration",
    description:
      'Starts a run of a migration that is deployed, as {"migration": NAME} in the Step Functions console does, but ' +
      "by a function of the stack, which records the initiator. Waits for pre-flight: it refuses before anything " +
      "is touched, and tells what the run builds on. The run then goes on by itself.",
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
  const request = { run, migration };
  const { executionArn } = await operate(services, { command: "start", request, answer: startedSchema });
  const polled = { machines: services.stateMachines(), clock: context.clock };
  const preflight = options.wait ? await waitForPreflight(polled, executionArn) : undefined;
  report(context, { run, executionArn, preflight }, options);
}

function report({ terminal, exit }: CliContext, started: StartedRun, { json }: StartOptions): void {
  const { run, executionArn, preflight } = started;
  const { status, failure } = preflight?.execution ?? { status: "RUNNING" };
  if (preflight !== undefined) exit(exitCode(preflight));
  if (json) {
    const message = preflight?.message;
    terminal.write(jsonText({ run, executionArn, status, ...(message && { message }), ...(failure && { failure }) }));
  } else if (status === "RUNNING" || status === "SUCCEEDED") {
    terminal.write(startedText(started, terminal.layout));
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

function startedText({ run, executionArn, preflight }: StartedRun, { style, width }: Layout): string {
  const passed = preflight === undefined ? "started" : "passed pre-flight";
  return [
    `${style.green("✓")} ${style.bold(run)} ${passed}`,
    ...(preflight?.message ? indent(wrap(preflight.message, width - 2), "  ") : []),
    `  ${style.dim(executionArn)}`,
    `  follow it:        sluice status ${run} --watch`,
    `  return traffic:   sluice rollback ${run}`,
    "",
  ].join("\n");
}
