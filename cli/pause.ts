import type { Command } from "commander";
import { tellAnswer } from "./answer.ts";
import type { CliContext } from "./cli-context.ts";
import { command, JSON_OPTION, reasonOption } from "./command.ts";

interface PauseOptions {
  readonly reason: string;
  readonly json?: true;
}

/** `sluice pause RUN` */
export function pauseCommand(context: CliContext): Command {
  return command({
    name: "pause",
    summary: "pause a run until sluice resume",
    description:
      "Pauses a run in any phase before contract: the backfill's workers end after the batch that they " +
      "are in, and nothing further begins. Both shapes stay in step, traffic stays where it is, and alarms still " +
      "return it. Invokes a function of the stack, which identifies the caller.",
    examples: [{ line: 'sluice pause friday --reason "the quarter is being closed"', meaning: "until sluice resume" }],
  })
    .argument("<run>", "name of the run, as sluice status lists it")
    .addOption(reasonOption())
    .option(...JSON_OPTION)
    .action(async (run: string, { reason, json }: PauseOptions) => {
      await tellAnswer(context, await context.services({}), { command: "pause", request: { run, reason }, json });
    });
}
