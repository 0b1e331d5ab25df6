import type { Command } from "commander";
import type { Approval } from "../core/ports.ts";
import { tellAnswer } from "./answer.ts";
import type { CliContext } from "./cli-context.ts";
import { command, JSON_OPTION, reasonOption } from "./command.ts";
import { confirmation, YES_OPTION } from "./confirm.ts";
import { approvalText } from "./output/approval-text.ts";
import { openApproval, readRunView } from "./run-view.ts";
import type { Services } from "./services/services.ts";

/** An operator's two answers to a pending gate: each is a command, and a function of the stack, of that name. */
type Decision = "approve" | "reject";

interface DecideOptions {
  readonly plan?: string;
  readonly gate?: string;
  readonly reason: string;
  readonly yes?: true;
  readonly json?: true;
}

/** `sluice approve RUN` */
export function approveCommand(context: CliContext): Command {
  const made = command({
    name: "approve",
    summary: "approve a pending gate of a run",
    description:
      "Approves a pending gate of a run, and the run goes on at once. Invokes a function of the stack, which " +
      "identifies the caller and refuses a decision that is late, a second one, one about another plan, or one by " +
      "the run's initiator where the gate forbids that. On a terminal it shows what is decided, and asks.",
    examples: [
      { line: 'sluice approve friday --reason "checked with BI"', meaning: "show the facts, ask, approve" },
      { line: 'sluice approve friday --plan 3f9c21ab --reason "CHG-4711"', meaning: "only if it is this plan" },
    ],
  });
  return deciding(made, context, "approve").option(...YES_OPTION);
}

/** `sluice reject RUN`: does not ask for confirmation, since a rejection loses nothing. */
export function rejectCommand(context: CliContext): Command {
  const made = command({
    name: "reject",
    summary: "reject a pending gate of a run: the run is rolled back",
    description:
      "Rejects a pending gate of a run. The run is rolled back: traffic returns to the old path, no write is lost, " +
      "the expanded schema stays. Invokes a function of the stack, which identifies the caller.",
    examples: [
      { line: 'sluice reject friday --reason "EMEA sales closes the month"', meaning: "and the run rolls back" },
    ],
  });
  return deciding(made, context, "reject");
}

/** What both commands take and do. */
function deciding(made: Command, context: CliContext, decision: Decision): Command {
  return made
    .argument("<run>", "name of the run, as sluice status lists it")
    .option("--plan <hash>", "only if it is about this plan; the first 8 digits of its hash are enough")
    .option("--gate <name>", "only if this gate is pending now")
    .addOption(reasonOption())
    .option(...JSON_OPTION)
    .action(async (run: string, options: DecideOptions) => {
      await decide(context, { decision, run, ...options });
    });
}

interface Decided extends DecideOptions {
  readonly decision: Decision;
  readonly run: string;
}

async function decide(context: CliContext, { decision, run, plan, gate, reason, yes, json }: Decided): Promise<void> {
  const { terminal } = context;
  const asks = decision === "approve" && terminal.interactive;
  const ask = asks ? confirmation(terminal, { command: `sluice ${decision}`, yes }) : undefined;
  const services = await context.services({});
  const shown = ask === undefined || yes ? undefined : await show(context, services, run);
  if (ask !== undefined && shown !== undefined && !(await ask(`Approve ${shown.gate} of run "${run}"?`))) {
    terminal.writeError("nothing was decided\n");
    return;
  }
  // A confirmation is of what was shown: an approval of another gate, pending by now, is refused.
  const request = { run, plan: plan ?? shown?.planHash, gate: gate ?? shown?.gate, reason };
  await tellAnswer(context, services, { command: decision, request, json });
}

/** The pending approval, and what follows it. Nothing where none is pending: the function then says so, and why. */
async function show({ terminal, clock }: CliContext, services: Services, runId: string): Promise<Approval | undefined> {
  const [registry, approvals] = await Promise.all([services.registry(), services.approvals()]);
  const [run, asked] = await Promise.all([registry.run(runId), approvals.ofRun(runId)]);
  const approval = openApproval(asked);
  if (run === undefined || approval === undefined) return undefined;
  const view = await readRunView(services, run);
  terminal.writeError(approvalText({ view, approval }, clock.now(), terminal.layout));
  return approval;
}
