import { SluiceError } from "../../core/errors.ts";
import { RemoteError } from "../services/remote-error.ts";
import type { Failure } from "../services/state-machines.ts";
import { type Layout, wrap } from "./layout.ts";

/** What went wrong, as data: printed by {@link errorText}, or as JSON for a script. */
export interface ErrorReport {
  readonly name: string;
  readonly object: string;
  readonly problem: string;
  readonly remedy: string;
}

/** An error of ours by its parts, wherever it was thrown; any other one as a defect, which it is. */
export function errorReport(error: unknown): ErrorReport {
  if (error instanceof SluiceError || error instanceof RemoteError) {
    const { object, problem, remedy } = error.details;
    return { name: error.name, object, problem, remedy };
  }
  const name = error instanceof Error ? error.name : "Error";
  const problem = error instanceof Error ? error.message : String(error);
  return { name, object: "sluice", problem, remedy: "This is a defect. SLUICE_DEBUG=1 shows where it happened" };
}

/** One block: the object, what is wrong with it, what to do. */
export function errorText({ object, problem, remedy }: ErrorReport, { style, width }: Layout): string {
  // A problem of several lines is laid out already.
  const lines = problem.includes("\n") ? problem.split("\n") : wrap(problem, width - 2);
  return [
    `${style.red("✗")} ${style.bold(object)}`,
    ...lines.map((line) => `  ${line}`),
    ...wrap(`→ ${remedy}`, width - 2).map((line) => `  ${style.cyan(line)}`),
    "",
  ].join("\n");
}

/** Why an execution failed: the message of the error of ours that ended it already says what to do. */
export function failureText(object: string, { name, message }: Failure, { style, width }: Layout): string {
  const lines = message
    .split("\n")
    .flatMap((line) => (line.startsWith(" ") ? [line] : wrap(line.trimEnd(), width - 2)));
  return [`${style.red("✗")} ${style.bold(object)} ${name}`, ...lines.map((line) => `  ${line}`), ""].join("\n");
}
