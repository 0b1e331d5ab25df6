import type { Command } from "commander";
import { tellAnswer } from "./answer.ts";
import type { CliContext } from "./cli-context.ts";
import { command, JSON_OPTION } from "./command.ts";
import { GATE_OPTION, PLAN_OPTION, reasonOption } from "./decision-options.ts";

interface RejectOptions {
  readonly plan?: string;
  readonly gate?: string;
  readonly reason: string;
  readonly json?: true;
}

/** `sluice reject RUN` */
export function rejectCommand(context: CliContext): Command {
  return command({
    name: "reject",
    summary: "say no to what a gate of a run asks: the run is rolled back",
    description:
      "Says no to what a gate of a run asks. The run is rolled back: traffic returns to the old path, no write is " +
      "lost, the expanded schema stays. Asked of one of the stack's functions, which knows who decides.",
    examples: [
      { line: 'sluice reject friday --reason "EMEA sales closes the month"', meaning: "and the run rolls back" },
    ],
  })
    .argument("<run>", "name of the run, as sluice status lists it")
    .option(...PLAN_OPTION)
    .option(...GATE_OPTION)
    .addOption(reasonOption())
    .option(...JSON_OPTION)
    .action(async (run: string, { plan, gate, reason, json }: RejectOptions) => {
      await tellAnswer(context, await context.services({}), {
        command: "reject",
        request: { run, plan, gate, reason },
        json,
      });
    });
}
