import type { Command } from "commander";
import type { CliContext } from "./cli-context.ts";
import { command, JSON_OPTION } from "./command.ts";
import { confirmation, YES_OPTION } from "./confirm.ts";
import { followToEnd, reportEnd } from "./ended-execution.ts";
import { undoName } from "./run-name.ts";
import { runBefore } from "./run-view.ts";
import { type Services, stackOutput } from "./services/services.ts";
import { startOnce } from "./services/start-once.ts";

interface UndoOptions {
  readonly reason: string;
  readonly yes?: true;
  readonly json?: boolean;
}

/** `sluice undo RUN` */
export function undoCommand(context: CliContext): Command {
  return command({
    name: "undo",
    summary: "remove the expanded schema of a rolled-back run",
    description:
      "Drops what a run added: the sync triggers and the new column, with its indexes. Only of a run that was rolled " +
      "back, and refused while any traffic may still be on the new path or another run uses it. The old path has all " +
      "data, so none is lost; the next start of the migration starts from the beginning. While it runs, nothing else " +
      "is started on the table. Asks first.",
    examples: [
      { line: "sluice undo friday", meaning: "show what is dropped, ask, drop it" },
      { line: 'sluice undo friday --yes --reason "the plan was another one"', meaning: "do not ask: for a script" },
    ],
  })
    .argument("<run>", "name of the run, as sluice status lists it")
    .option("--reason <text>", "why, for the record and the operators' message", "by hand")
    .option(...YES_OPTION)
    .option(...JSON_OPTION)
    .action((run: string, options: UndoOptions) => undo(context, run, options));
}

async function undo(context: CliContext, run: string, { reason, yes, json = false }: UndoOptions): Promise<void> {
  const { terminal } = context;
  const ask = confirmation(terminal, { command: "sluice undo", yes });
  const services = await context.services({});
  if (!(await ask(`Drop the new column of run "${run}", and everything in it?`))) {
    terminal.writeError("nothing was dropped\n");
    return;
  }
  const undoneBefore = (await runBefore(services, run))?.run.phase === "undone";
  const arn = await begin(services, run, reason);
  if (!json) terminal.writeError(`removing the expanded schema of ${run} ...\n`);
  const execution = await followToEnd(context, { machines: services.stateMachines(), arn, json });
  const success = undoneBefore ? "was undone already; what it had added is gone" : "the expanded schema is gone";
  reportEnd(context, { run, arn, execution, work: "undo", success, json });
}

async function begin(services: Services, run: string, reason: string): Promise<string> {
  const [outputs, by] = await Promise.all([services.stack(), services.caller()]);
  const input = { run, reason, ...(by !== undefined && { by }) };
  const execution = { stateMachineArn: stackOutput(outputs, "UndoStateMachineArn"), input };
  return startOnce(services.stateMachines(), execution, (attempt) => undoName(run, attempt));
}
