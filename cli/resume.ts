import type { Command } from "commander";
import { tellAnswer } from "./answer.ts";
import type { CliContext } from "./cli-context.ts";
import { command, JSON_OPTION } from "./command.ts";

interface ResumeOptions {
  readonly json?: true;
}

/** `sluice resume RUN` */
export function resumeCommand(context: CliContext): Command {
  return command({
    name: "resume",
    summary: "resume a paused run",
    description:
      "Ends a pause, begun by an operator or by a gate whose on_fail is pause. The run continues with the next " +
      "batch, and a gate is evaluated again with its whole timeout.",
    examples: [{ line: "sluice resume friday", meaning: "continues where it was" }],
  })
    .argument("<run>", "name of the run, as sluice status lists it")
    .option(...JSON_OPTION)
    .action(async (run: string, { json }: ResumeOptions) => {
      await tellAnswer(context, await context.services({}), { command: "resume", request: { run }, json });
    });
}
