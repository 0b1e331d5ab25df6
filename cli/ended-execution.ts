import type { CliContext } from "./cli-context.ts";
import { EXIT, exitCodeOf } from "./exit-code.ts";
import { failureText } from "./output/error-text.ts";
import { jsonText } from "./output/json-text.ts";
import type { Execution, StateMachines } from "./services/state-machines.ts";
import { waitForEnd } from "./services/wait-for.ts";

interface Followed {
  readonly machines: StateMachines;
  readonly arn: string;
  /** Says nothing on the way: a script reads the end alone. */
  readonly json: boolean;
}

/** Waits for the end of an execution, and tells meanwhile what its steps say, each once. */
export async function followToEnd(
  { terminal, clock }: CliContext,
  { machines, arn, json }: Followed,
): Promise<Execution> {
  let told: string | undefined;
  const tell = async (): Promise<void> => {
    // Following is optional: an operator without the right to read the history waits without messages.
    const step = await machines.lastStep(arn).catch(() => undefined);
    if (step !== undefined && step.message !== told) terminal.writeError(`  ${step.message}\n`);
    told = step?.message ?? told;
  };
  return waitForEnd({ machines, clock }, arn, json ? undefined : tell);
}

/** An execution about a run that a command has waited for. */
interface Ended {
  readonly run: string;
  readonly arn: string;
  readonly execution: Execution;
  /** What it was: `rollback`, `undo`. */
  readonly work: string;
  /** What its success means, where the report does not say so itself. */
  readonly success: string;
  readonly json: boolean;
}

/** Tells how it ended, and ends the process accordingly. */
export function reportEnd({ terminal, exit }: CliContext, ended: Ended): void {
  const { run, arn, execution, work, success, json } = ended;
  const { status, failure, output } = execution;
  if (status !== "SUCCEEDED") exit(failure === undefined ? EXIT.failed : exitCodeOf(failure.name));
  if (json) {
    terminal.write(jsonText({ run, executionArn: arn, status, ...(failure && { failure }), output }));
  } else if (status === "SUCCEEDED") {
    const { style } = terminal.layout;
    terminal.write(`${style.green("✓")} ${style.bold(run)} ${messageIn(output) ?? success}\n`);
  } else {
    const reason = failure ?? { name: status, message: `the ${work} ended as ${status}; start it again` };
    terminal.writeError(failureText(`${work} of "${run}"`, reason, terminal.layout));
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
