import type { Command } from "commander";
import { rollbackExecutionName } from "../core/run/rollback-name.ts";
import type { CliContext } from "./cli-context.ts";
import { command, JSON_OPTION } from "./command.ts";
import { reportEnd } from "./ended-execution.ts";
import type { Services } from "./services/services.ts";
import { startOnce } from "./services/start-once.ts";
import { waitForEnd } from "./services/wait-for.ts";

interface RollbackOptions {
  readonly reason: string;
  readonly json?: boolean;
}

/** `sluice rollback RUN`, and `sluice abort RUN`, which is the same. */
export function rollbackCommand(context: CliContext): Command {
  return command({
    name: "rollback",
    summary: "end a run early: return all traffic to the old path",
    description:
      "Stops a run, working, waiting or paused, and returns all traffic to the old path, from any phase before " +
      "contract, and waits until that is done. No write is lost; the expanded schema stays, so that a new start goes " +
      "on where this run stopped, and sluice undo takes it away. There is one way to end a run early: abort is " +
      "another word for it.",
    examples: [
      { line: "sluice rollback contact-acquisition-channel-20260131T101502", meaning: "return all traffic" },
      { line: 'sluice rollback friday --reason "p99 of /contacts doubled"', meaning: "and say why, for the record" },
    ],
  })
    .alias("abort")
    .argument("<run>", "name of the run, as sluice status lists it")
    .option("--reason <text>", "why, for the record and the operators' message", "by hand")
    .option(...JSON_OPTION)
    .action((run: string, options: RollbackOptions) => rollback(context, run, options));
}

async function rollback(context: CliContext, run: string, { reason, json = false }: RollbackOptions): Promise<void> {
  const { terminal, clock } = context;
  const services = await context.services({});
  const arn = await begin(services, run, reason);
  if (!json) terminal.writeError(`returning all traffic of ${run} to the old path ...\n`);
  const execution = await waitForEnd({ machines: services.stateMachines(), clock }, arn);
  const success = "all traffic is on the old path; the expanded schema stays";
  reportEnd(context, { run, arn, execution, work: "rollback", success, json });
}

/** Who asks is told where STS answers while the stack is looked up; a rollback waits for no name. */
async function begin(services: Services, run: string, reason: string): Promise<string> {
  const [{ rollbackArn }, by] = await Promise.all([services.stack(), services.caller()]);
  const input = { run, reason, ...(by !== undefined && { by }) };
  const execution = { stateMachineArn: rollbackArn, input };
  return startOnce(services.stateMachines(), execution, (attempt) => rollbackExecutionName(run, attempt));
}
