import { Command } from "commander";

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
