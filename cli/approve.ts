import type { Command } from "commander";
import type { Approval } from "../core/ports.ts";
import { tellAnswer } from "./answer.ts";
import type { CliContext } from "./cli-context.ts";
import { command, JSON_OPTION } from "./command.ts";
import { confirmation, YES_OPTION } from "./confirm.ts";
import { approvalText } from "./output/approval-text.ts";
import { GATE_OPTION, PLAN_OPTION, reasonOption } from "./decision-options.ts";
import { openApproval, readRunView } from "./run-view.ts";
import type { Services } from "./services/services.ts";

interface ApproveOptions {
  readonly plan?: string;
  readonly gate?: string;
  readonly reason: string;
  readonly yes?: true;
  readonly json?: true;
}

/** `sluice approve RUN` */
export function approveCommand(context: CliContext): Command {
  return command({
    name: "approve",
    summary: "say yes to what a gate of a run asks",
    description:
      "Says yes to what a gate of a run asks, and the run goes on at once. Asked of one of the stack's functions, " +
      "which knows who decides and refuses what is late, the second answer, about another plan, or by the one who " +
      "started the run where the gate forbids that. On a terminal it shows what is decided, and asks.",
    examples: [
      { line: 'sluice approve friday --reason "checked with BI"', meaning: "show the facts, ask, approve" },
      { line: 'sluice approve friday --plan 3f9c21ab --reason "CHG-4711"', meaning: "only if it is this plan" },
    ],
  })
    .argument("<run>", "name of the run, as sluice status lists it")
    .option(...PLAN_OPTION)
    .option(...GATE_OPTION)
    .addOption(reasonOption())
    .option(...YES_OPTION)
    .option(...JSON_OPTION)
    .action((run: string, options: ApproveOptions) => approve(context, run, options));
}

async function approve(context: CliContext, run: string, options: ApproveOptions): Promise<void> {
  const { terminal } = context;
  const { plan, gate, reason, yes, json } = options;
  const ask = terminal.interactive ? confirmation(terminal, { command: "sluice approve", yes }) : undefined;
  const services = await context.services({});
  const shown = ask === undefined || yes ? undefined : await show(context, services, run);
  if (ask !== undefined && shown !== undefined && !(await ask(`Approve ${shown.gate} of run "${run}"?`))) {
    terminal.writeError("nothing was decided\n");
    return;
  }
  // A yes is to what was shown: another gate's question, which took its place meanwhile, is refused.
  const request = { run, plan: plan ?? shown?.planHash, gate: gate ?? shown?.gate, reason };
  await tellAnswer(context, services, { command: "approve", request, json });
}

/** What is asked, and what yes does. Nothing where nothing is asked: the function then says so, and why. */
async function show({ terminal, clock }: CliContext, services: Services, runId: string): Promise<Approval | undefined> {
  const [registry, approvals] = await Promise.all([services.registry(), services.approvals()]);
  const [run, asked] = await Promise.all([registry.run(runId), approvals.ofRun(runId)]);
  const approval = openApproval(asked);
  if (run === undefined || approval === undefined) return undefined;
  const view = await readRunView(services, run);
  terminal.writeError(approvalText({ view, approval }, clock.now(), terminal.layout));
  return approval;
}
