import type { Failure } from "../services/state-machines.ts";
import type { Layout } from "./layout.ts";
import { wrap } from "./layout.ts";

/** Why an execution failed: the message of the error of ours that ended it already says what to do. */
export function failureText(object: string, { name, message }: Failure, { style, width }: Layout): string {
  const lines = message
    .split("\n")
    .flatMap((line) => (line.startsWith(" ") ? [line] : wrap(line.trimEnd(), width - 2)));
  return [`${style.red("✗")} ${style.bold(object)} ${name}`, ...lines.map((line) => `  ${line}`), ""].join("\n");
}
