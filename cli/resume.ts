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
    summary: "let a paused run go on",
    description:
      "Ends a pause, whoever began it: a person, or a gate whose on_fail is pause. The run goes on with the next " +
      "batch, and a gate is asked anew, with all of its time before it.",
    examples: [{ line: "sluice resume friday", meaning: "goes on where it was" }],
  })
    .argument("<run>", "name of the run, as sluice status lists it")
    .option(...JSON_OPTION)
    .action(async (run: string, { json }: ResumeOptions) => {
      await tellAnswer(context, await context.services({}), { command: "resume", request: { run }, json });
    });
}
