import { InvalidArgumentError, Option } from "commander";

/** What the command is about, where the person wants to be sure. */
export const PLAN_OPTION = [
  "--plan <hash>",
  "only if it is about this plan; the first 8 digits of its hash will do",
] as const;

/** Which of the run's questions it answers: the run may have come to its next gate since it was read. */
export const GATE_OPTION = ["--gate <name>", "only if it is this gate that asks now"] as const;

/** `--reason TEXT`, which has to be given: it is what the record has, and what other people read. */
export function reasonOption(): Option {
  return new Option("--reason <text>", "why, for the record").makeOptionMandatory().argParser(something);
}

function something(text: string): string {
  if (text.trim() === "") throw new InvalidArgumentError("It says nothing.");
  return text;
}
