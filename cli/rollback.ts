import type { Command } from "commander";
import { RollbackTooLate } from "../core/errors.ts";
import type { RunRecord } from "../core/ports.ts";
import { rollbackExecutionName } from "../core/run-name.ts";
import type { CliContext, Terminal } from "./cli-context.ts";
import { command, JSON_OPTION } from "./command.ts";
import { followToEnd, reportEnd } from "./ended-execution.ts";
import { jsonText } from "./output/json-text.ts";
import { isReversible, runBefore, wasRolledBack } from "./run-view.ts";
import type { Services } from "./services/services.ts";
import { startOnce } from "./services/start-once.ts";

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
      "on where this run stopped, and sluice undo removes it. abort is another name of the same command.",
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
  const { terminal } = context;
  const services = await context.services({});
  const before = await rolledBackBefore(services, run);
  if (before && before.phase !== "rolled-back") {
    tellUndone(terminal, before, json);
    return;
  }
  const arn = await begin(services, run, reason);
  if (!json) terminal.writeError(`returning all traffic of ${run} to the old path ...\n`);
  const execution = await followToEnd(context, { machines: services.stateMachines(), arn, json });
  const stays = `all traffic is on the old path; the expanded schema stays, and sluice undo ${run} removes it`;
  const success = before ? `was rolled back already: ${stays}` : stays;
  reportEnd(context, { run, arn, execution, work: "rollback", success, json });
}

/**
 * The run, where it was rolled back before: its rollback's execution would be found and say that all is well, whatever
 * came after it.
 *
 * @throws RollbackTooLate where another run of the migration did, which traffic depends on now.
 */
async function rolledBackBefore(services: Services, run: string): Promise<RunRecord | undefined> {
  const before = await runBefore(services, run);
  if (before === undefined || !wasRolledBack(before.run)) return undefined;
  const { successor } = before;
  if (successor === undefined) return before.run;
  const { runId, phase } = successor;
  throw new RollbackTooLate({
    object: `run "${run}"`,
    problem: `was rolled back already, and run "${runId}" of the migration came after it, which is in phase ${phase}`,
    remedy: isReversible({ run: successor })
      ? `Roll that one back: sluice rollback ${runId}`
      : `See where that one stands: sluice status ${runId}`,
  });
}

function tellUndone({ write, layout }: Terminal, { runId, phase }: RunRecord, json: boolean): void {
  const undone = phase === "undone" ? "what it had added was removed" : "what it had added is being removed";
  const message = `was rolled back already, and ${undone}: all traffic is on the old path`;
  write(json ? jsonText({ run: runId, phase, message }) : `${layout.style.green("✓")} ${runId} ${message}\n`);
}

/** The caller's name is recorded where STS answers within a second; a rollback does not wait for it. */
async function begin(services: Services, run: string, reason: string): Promise<string> {
  const [{ rollbackArn }, by] = await Promise.all([services.stack(), services.caller()]);
  const input = { run, reason, ...(by !== undefined && { by }) };
  const execution = { stateMachineArn: rollbackArn, input };
  return startOnce(services.stateMachines(), execution, (attempt) => rollbackExecutionName(run, attempt));
}
