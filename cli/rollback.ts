import type { Command } from "commander";
import type { CliContext } from "./cli-context.ts";
import { command, JSON_OPTION } from "./command.ts";
import { EXIT, exitCodeOf } from "./exit-code.ts";
import { failureText } from "./output/failure-text.ts";
import { jsonText } from "./output/json-text.ts";
import { retryName, rollbackName } from "./run-name.ts";
import type { Services } from "./services/services.ts";
import { type Execution, executionArn } from "./services/state-machines.ts";
import { waitForEnd } from "./services/wait-for.ts";

interface RollbackOptions {
  readonly reason: string;
  readonly json?: true;
}

/** `sluice rollback RUN` */
export function rollbackCommand(context: CliContext): Command {
  return command({
    name: "rollback",
    summary: "return all traffic to the old path",
    description:
      "Stops a run and returns all traffic to the old path, from any phase before contract, and waits until that is " +
      "done. No write is lost; the expanded schema stays, so that a new start goes on where this run stopped.",
    examples: [
      { line: "sluice rollback contact-acquisition-channel-20260131T101502", meaning: "return all traffic" },
      { line: 'sluice rollback friday --reason "p99 of /contacts doubled"', meaning: "and say why, for the record" },
    ],
  })
    .argument("<run>", "name of the run, as sluice status lists it")
    .option("--reason <text>", "why, for the record and the operators' message", "by hand")
    .option(...JSON_OPTION)
    .action((run: string, options: RollbackOptions) => rollback(context, run, options));
}

async function rollback(context: CliContext, run: string, options: RollbackOptions): Promise<void> {
  const { terminal, clock } = context;
  const services = await context.services({});
  const arn = await begin(services, { run, reason: options.reason, now: clock.now() });
  if (!options.json) terminal.writeError(`returning all traffic of ${run} to the old path ...\n`);
  const execution = await waitForEnd({ machines: services.stateMachines(), clock }, arn);
  report(context, { run, arn, execution, json: options.json === true });
}

/**
 * Starts the rollback, or finds the one that is under way or done: it has one name a run. One that failed is tried
 * again under a further name.
 */
async function begin(
  services: Services,
  { run, reason, now }: { readonly run: string; readonly reason: string; readonly now: Date },
): Promise<string> {
  const { rollbackArn } = await services.stack();
  const machines = services.stateMachines();
  const execution = { stateMachineArn: rollbackArn, input: { run, reason } };
  const started = await machines.start({ ...execution, name: rollbackName(run) });
  if (started !== undefined) return started;
  const first = executionArn(rollbackArn, rollbackName(run));
  const { status } = await machines.describe(first);
  if (status === "RUNNING" || status === "SUCCEEDED") return first;
  return (await machines.start({ ...execution, name: retryName(run, now) })) ?? first;
}

interface Ended {
  readonly run: string;
  readonly arn: string;
  readonly execution: Execution;
  readonly json: boolean;
}

function report({ terminal, exit }: CliContext, { run, arn, execution, json }: Ended): void {
  const { status, failure, output } = execution;
  if (status !== "SUCCEEDED") exit(failure === undefined ? EXIT.failed : exitCodeOf(failure.name));
  if (json) {
    terminal.write(jsonText({ run, executionArn: arn, status, ...(failure && { failure }), output }));
  } else if (status === "SUCCEEDED") {
    const { style } = terminal.layout;
    const message = messageIn(output) ?? "all traffic is on the old path; the expanded schema stays";
    terminal.write(`${style.green("✓")} ${style.bold(run)} ${message}\n`);
  } else {
    const reason = failure ?? { name: status, message: `the rollback ended as ${status}; start it again` };
    terminal.writeError(failureText(`rollback of "${run}"`, reason, terminal.layout));
  }
}

/** The report's own sentence, where it has one. */
function messageIn(output: unknown): string | undefined {
  const message =
    typeof output === "object" && output !== null
      ? (output as Readonly<Record<string, unknown>>)["message"]
      : undefined;
  return typeof message === "string" ? message : undefined;
}
