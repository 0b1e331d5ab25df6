import { GATES } from "../../core/migration/schema.ts";
import { nextFor, type States, statesOf } from "./machines.ts";
import { table } from "./regions.ts";

/** Every gate with the states that evaluate it and wait for its callback, when that is, and what comes when it passes. */
export function gatesTable(): string {
  const states = statesOf("migration");
  const rows = GATES.map((gate) => {
    const state = Object.keys(states).find((name) => states[name]?.Parameters?.gate === gate);
    if (state === undefined) throw new RangeError(`gate "${gate}": no state evaluates it`);
    const [next, callback] = [nextFor(states, state, "done"), nextFor(states, state, "callback")];
    return [`\`${gate}\``, code(state), code(callback), states[state]?.Comment ?? "", code(next)];
  });
  return table(["gate", "state that evaluates", "state that waits for a decision", "when", "passes to"], rows);
}

const code = (name: string | undefined): string => (name === undefined ? "" : `\`${name}\``);

/** The states in which a paused run waits, apart from those of the gates. */
export function pausedStates(): string {
  const states = statesOf("migration");
  const gates = new Set(GATES.map((gate) => callbackStateOf(states, gate)));
  const names = Object.entries(states).flatMap(([name, { Resource = "" }]) =>
    Resource.endsWith(".waitForTaskToken") && !gates.has(name) ? [name] : [],
  );
  return `${names.map(code).join(", ")}.`;
}

function callbackStateOf(states: States, gate: string): string | undefined {
  const state = Object.keys(states).find((name) => states[name]?.Parameters?.gate === gate);
  return state === undefined ? undefined : nextFor(states, state, "callback");
}
