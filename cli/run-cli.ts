import { CommanderError } from "commander";
import type { CliContext } from "./cli-context.ts";
import { EXIT, type ExitCode, exitCodeOf } from "./exit-code.ts";
import { errorReport, errorText } from "./output/error-text.ts";
import { jsonText } from "./output/json-text.ts";
import { program } from "./program.ts";

export interface RunCliProps extends Omit<CliContext, "exit"> {
  readonly version: string;
  /** Whether to write the stack of an error. */
  readonly debug: boolean;
}

/**
 * Runs one command line, without the program's own name. Never throws: what went wrong is written to the terminal.
 *
 * @returns what the process should end with.
 */
export async function runCli(args: readonly string[], props: RunCliProps): Promise<ExitCode> {
  let code: ExitCode = EXIT.ok;
  const context: CliContext = { ...props, exit: (given) => void (code = given) };
  try {
    await program(context, props.version).parseAsync([...args], { from: "user" });
    return code;
  } catch (error) {
    // Commander has written its own message; help and version come this way too, and are no failure.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    report(error, args.includes("--json"), props);
    return exitCodeOf(error instanceof Error ? error.name : undefined);
  }
}

function report(error: unknown, json: boolean, { terminal, debug }: RunCliProps): void {
  const said = errorReport(error);
  terminal.writeError(json ? jsonText({ error: said }) : errorText(said, terminal.layout));
  if (debug && error instanceof Error) terminal.writeError(`${stackOf(error)}\n`);
}

function stackOf(error: Error): string {
  const { cause } = error;
  return `${error.stack ?? error.message}${cause instanceof Error ? `\ncaused by ${stackOf(cause)}` : ""}`;
}
