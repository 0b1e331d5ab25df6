import { Command, InvalidArgumentError, Option } from "commander";

interface CommandProps {
  readonly name: string;
  readonly summary: string;
  readonly description: string;
  readonly examples: readonly Example[];
}

/** A command line, and what it is for. */
export interface Example {
  readonly line: string;
  readonly meaning: string;
}

/** A command whose --help ends with examples. */
export function command({ name, summary, description, examples }: CommandProps): Command {
  const column = Math.max(...examples.map(({ line }) => line.length)) + 2;
  const lines = examples.map(({ line, meaning }) => `  ${line.padEnd(column)}${meaning}`);
  return new Command(name)
    .summary(summary)
    .description(description)
    .addHelpText("after", `\nExamples:\n${lines.join("\n")}`);
}

export const CONFIG_OPTION = [
  "--database-config <file>",
  "JSON file with the sluice configuration, instead of cdk.json (or set SLUICE_CONFIG)",
] as const;

export const JSON_OPTION = ["--json", "JSON on standard output, for scripts"] as const;

/** `--reason TEXT`, which is mandatory: it is recorded, and other operators read it. */
export function reasonOption(): Option {
  return new Option("--reason <text>", "why, for the record").makeOptionMandatory().argParser(notBlank);
}

function notBlank(text: string): string {
  if (text.trim() === "") throw new InvalidArgumentError("It is empty.");
  return text;
}
