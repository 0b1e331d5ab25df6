import { readFileSync } from "node:fs";

/** A state of the Amazon States Language, as far as the runbook tells of it. */
export interface State {
  readonly Type: string;
  readonly Comment?: string;
  readonly Resource?: string;
  readonly Parameters?: { readonly gate?: string };
  readonly Next?: string;
  readonly Choices?: readonly { readonly StringEquals?: string; readonly Next: string }[];
}

export type States = Readonly<Record<string, State>>;

/** The state machines by the name that a deployed one has behind the stack's. */
export const MACHINES = ["migration", "rollback", "undo"] as const;

export function statesOf(machine: (typeof MACHINES)[number]): States {
  const file = new URL(`../../state-machines/${machine}.asl.json`, import.meta.url);
  return (JSON.parse(readFileSync(file, "utf8")) as { readonly States: States }).States;
}

/** Where the Choice behind a Task leads to for a status. */
export function nextFor(states: States, task: string, status: string): string | undefined {
  const choices = states[states[task]?.Next ?? ""]?.Choices ?? [];
  return choices.find(({ StringEquals }) => StringEquals === status)?.Next;
}
